#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""loopback6 - both ends for tests of ports published on [::1].

    serve NAME PORT     TCP: echoes what comes while it comes, and behind its end one line "NAME <bytes> <sha256>"; UDP: "NAME <what came>"
    stream PORT BYTES   so many both ways at once, then half closed: prints the last line when all came back as it went
    slow PORT BYTES     the same by one who does not read before nothing more is taken: prints that line and how much was taken before
    many PORT COUNT     connections at once, each with words of its own: prints how many had their own words back
    waves PORT COUNT    the same, more than there is room for: each ends as soon as it has its words
    hold PORT           one connection that stands; prints "held", and "ended" when it ends
    udp PORT TEXT       one datagram, and the answer
"""
import hashlib
import os
import socket
import sys
import threading

CHUNK = 65536


def echo(conn, name):
    count, digest = 0, hashlib.sha256()
    with conn:
        try:
            while data := conn.recv(CHUNK):
                count += len(data)
                digest.update(data)
                conn.sendall(data)
            conn.sendall(b"%s %d %s\n" % (name.encode(), count, digest.hexdigest().encode()))
        except OSError:
            pass


def datagrams(sock, name):
    while True:
        data, peer = sock.recvfrom(CHUNK)
        sock.sendto(name.encode() + b" " + data, peer)


def serve(name, port):
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", port))
    threading.Thread(target=datagrams, args=(udp, name), daemon=True).start()
    with socket.create_server(("::", port), family=socket.AF_INET6, backlog=512) as listener:
        while True:
            threading.Thread(target=echo, args=(listener.accept()[0], name), daemon=True).start()


def reader(sock, into):
    while data := sock.recv(CHUNK):
        into.append(data)


def whole(sent, got):
    """The server's last line, when what came before it is what was sent."""
    got = b"".join(got)
    head, tail = got[:len(sent)], got[len(sent):].decode().split()
    good = head == sent and tail[1:] == [str(len(sent)), hashlib.sha256(sent).hexdigest()]
    return f"{tail[0]} {len(sent)} whole" if good else f"{len(got)} bytes, not what was sent"


def stream(port, size):
    sent, got = os.urandom(size), []
    with socket.create_connection(("::1", port), timeout=20) as sock:
        thread = threading.Thread(target=reader, args=(sock, got))
        thread.start()
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        thread.join()
    print(whole(sent, got))


def slow(port, size):
    sent, got, done = os.urandom(size), [], 0
    with socket.create_connection(("::1", port), timeout=1) as sock:
        try:
            while done < size:
                done += sock.send(sent[done:done + CHUNK])
        except TimeoutError:
            pass
        taken = done
        sock.settimeout(20)
        thread = threading.Thread(target=reader, args=(sock, got))
        thread.start()
        sock.sendall(sent[done:])
        sock.shutdown(socket.SHUT_WR)
        thread.join()
    print(whole(sent, got), "all" if taken == size else "held back")


def many(port, count):
    socks = [socket.create_connection(("::1", port), timeout=20) for _ in range(count)]
    for i, sock in enumerate(socks):
        sock.sendall(b"I am %d\n" % i)
    for sock in socks:
        sock.shutdown(socket.SHUT_WR)
    good = 0
    for i, sock in enumerate(socks):
        got = []
        reader(sock, got)
        good += b"".join(got).startswith(b"I am %d\n" % i)
        sock.close()
    print(good)


def waves(port, count):
    """Each in a thread of its own, closed when it has its words: nobody waits for one that waits."""
    good, start = [], threading.Barrier(count)

    def one(i):
        with socket.create_connection(("::1", port), timeout=20) as sock:
            start.wait(20)
            sock.sendall(b"I am %d\n" % i)
            sock.shutdown(socket.SHUT_WR)
            got = []
            reader(sock, got)
            good.append(b"".join(got).startswith(b"I am %d\n" % i))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(good))


def hold(port):
    with socket.create_connection(("::1", port), timeout=20) as sock:
        sock.sendall(b"x")
        sock.recv(1)
        print("held", flush=True)
        sock.settimeout(None)
        try:
            sock.recv(1)
        except OSError:
            pass
        print("ended", flush=True)


def udp(port, text):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect(("::1", port))
        for _ in range(3):
            sock.send(text.encode())
            try:
                print(sock.recv(CHUNK).decode())
                return
            except TimeoutError:
                continue


def main():
    verb, rest = sys.argv[1], sys.argv[2:]
    if verb == "serve":
        serve(rest[0], int(rest[1]))
    elif verb == "udp":
        udp(int(rest[0]), rest[1])
    else:
        {"stream": stream, "slow": slow, "many": many, "waves": waves, "hold": hold}[verb](*map(int, rest))


try:
    main()
except OSError as error:
    print(error.strerror or type(error).__name__)
    sys.exit(1)
