#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""publish_flows udp FILE ADDRESS PORT | tcp FILE ADDRESS PORT - a client that never changes its own port.

udp: sends every 30 ms from one socket and writes into FILE who answered last ("nobody" after half a second of silence).
tcp: one connection to an echo; FILE is "alive" as long as what is sent comes back."""
import os
import select
import socket
import sys
import time


def say(path, what):
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(what + "\n")
    os.rename(path + ".new", path)


def udp(path, address, port):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", 0))
    heard, last, told = "nobody", time.monotonic(), None
    while True:
        try:
            sock.sendto(b"?", (address, port))
            if select.select([sock], [], [], 0.03)[0]:
                heard, last = sock.recv(200).decode().split()[0], time.monotonic()
        except OSError:
            time.sleep(0.03)
        if time.monotonic() - last > 0.5:
            heard = "nobody"
        if heard != told:
            say(path, heard)
            told = heard
        time.sleep(0.03)


def tcp(path, address, port):
    sock = socket.create_connection((address, port), timeout=3)
    sock.settimeout(3)
    while True:
        try:
            sock.sendall(b"x")
            alive = sock.recv(1) == b"x"
        except OSError:
            alive = False
        say(path, "alive" if alive else "dead")
        if not alive:
            return
        time.sleep(0.05)


{"udp": udp, "tcp": tcp}[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
