#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""teardown_open - processes that stay, for the test of that name.

	teardown_open.py serve PORT           listens, says "listening", answers each line, holds all connections
	teardown_open.py hold ADDRESS PORT    connects, says "connected", holds the connection
	teardown_open.py once ADDRESS PORT    connects, and is answered
"""
import socket
import sys
import threading
import time


def answer(connection):
    try:
        while data := connection.recv(100):
            connection.sendall(data)
    except OSError:
        pass  # the other end may go as it likes; we stay


def serve(port):
    with socket.create_server(("", int(port)), backlog=20) as listener:
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


def connect(address, port):
    for _ in range(50):
        try:
            return socket.create_connection((address, int(port)), timeout=5)
        except OSError:
            time.sleep(0.1)
    sys.exit("no connection")


def hold(address, port):
    connection = connect(address, port)
    if port != "53":
        connection.sendall(b"here\n")
        connection.recv(100)
    print("connected", flush=True)
    while connection.fileno() >= 0:
        time.sleep(60)


def once(address, port):
    with connect(address, port) as connection:
        connection.sendall(b"here\n")
        sys.exit(connection.recv(100) != b"here\n")


{"serve": serve, "hold": hold, "once": once}[sys.argv[1]](*sys.argv[2:])
