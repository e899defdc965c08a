#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""nameserver - the name server of the outside world, UDP and TCP, that does as its names say.

usage: nameserver.py ADDRESS [LOG]

  NAME.test                   A 192.0.2.53, AAAA 2001:db8::53; any other type: TXT "type N"
  edns.test    TXT            what EDNS size the query came with
  big.test     TXT            4 kB: truncated by UDP unless the query allows as much
  silent.test                 no answer
  lies.test                   by UDP first four wrong answers (id, question, server, kind), then the right one
  refused.test                REFUSED
  inside.test                 A 10.1.2.3
  slow.test                   after 0.7 s
The log gets a line for each query: PROTO CLIENT-PORT ID NAME TYPE.
"""

import socket
import struct
import sys
import threading
import time

A, TXT, AAAA, OPT = 1, 16, 28, 41


def parse(data):
    ident, flags, qd, _an, _ns, ar = struct.unpack(">6H", data[:12])
    labels, pos = [], 12
    while data[pos]:
        labels.append(data[pos + 1:pos + 1 + data[pos]].decode("latin-1"))
        pos += 1 + data[pos]
    kind, _ = struct.unpack(">2H", data[pos + 1:pos + 5])
    end, edns = pos + 5, 0
    if ar and data[end] == 0 and struct.unpack(">H", data[end + 1:end + 3])[0] == OPT:
        edns = struct.unpack(">H", data[end + 3:end + 5])[0]
    return ident, flags, ".".join(labels), kind, data[12:end], edns


def record(kind, rdata):
    return struct.pack(">3HIH", 0xC00C, kind, 1, 60, len(rdata)) + rdata


def txt(text):
    out = b""
    for i in range(0, len(text), 250):
        part = text[i:i + 250].encode()
        out += bytes([len(part)]) + part
    return record(TXT, out)


def answer(data, tcp):
    """The answer to a query, or None."""
    ident, flags, name, kind, question, edns = parse(data)
    name = name.lower()
    records, code, truncated = [], 0, 0
    if name == "silent.test":
        return None
    if name == "slow.test":
        time.sleep(0.7)
    if name == "refused.test":
        code = 5
    elif name == "edns.test":
        records = [txt("edns %d" % edns)]
    elif name == "big.test":
        if tcp or edns >= 4200:
            records = [txt("x" * 4000)]
        else:
            truncated = 0x200
    elif name.endswith(".test"):
        if kind == A:
            records = [record(A, bytes((10, 1, 2, 3) if name == "inside.test" else (192, 0, 2, 53)))]
        elif kind == AAAA:
            records = [record(AAAA, socket.inet_pton(socket.AF_INET6, "2001:db8::53"))]
        else:
            records = [txt("type %d" % kind)]
    else:
        code = 3
    head = struct.pack(">6H", ident, 0x8080 | (flags & 0x110) | truncated | code, 1, len(records), 0, 1 if edns else 0)
    out = head + question + b"".join(records)
    if edns:
        out += b"\0" + struct.pack(">2HIH", OPT, 4096, 0, 0)
    return out


class Server:
    def __init__(self, address, log):
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.address = address
        self.log = open(log, "a", buffering=1, encoding="utf-8") if log else None
        self.udp = socket.socket(self.family, socket.SOCK_DGRAM)
        self.udp.bind((address, 53))
        self.tcp = socket.socket(self.family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, 53))
        self.tcp.listen(64)

    def note(self, proto, peer, data):
        ident, _, name, kind, _, _ = parse(data)
        if self.log:
            self.log.write("%s %d %d %s %d\n" % (proto, peer[1], ident, name, kind))

    def lie(self, data, peer):
        wrong = bytearray(answer(data, False))
        wrong[-1] = 66  # the address a liar would have
        other = bytearray(wrong)
        other[1] ^= 1  # another id
        self.udp.sendto(other, peer)
        other = bytearray(wrong)
        other[13] ^= 1  # another name
        self.udp.sendto(other, peer)
        liar = socket.socket(self.family, socket.SOCK_DGRAM)
        liar.sendto(wrong, peer)  # another port of ours
        liar.close()
        other = bytearray(wrong)
        other[2] &= 0x7F  # a query
        self.udp.sendto(other, peer)

    def one(self, data, peer):
        self.note("udp", peer, data)
        if parse(data)[2].lower() == "lies.test":
            self.lie(data, peer)
        out = answer(data, False)
        if out:
            self.udp.sendto(out, peer)

    def serve_udp(self):
        while True:
            data, peer = self.udp.recvfrom(65535)
            threading.Thread(target=self.one, args=(data, peer), daemon=True).start()

    def stream(self, conn, peer):
        with conn:
            data = b""
            while True:
                more = conn.recv(65535)
                if not more:
                    return
                data += more
                while len(data) >= 2 and len(data) >= 2 + struct.unpack(">H", data[:2])[0]:
                    size = struct.unpack(">H", data[:2])[0]
                    self.note("tcp", peer, data[2:2 + size])
                    out = answer(data[2:2 + size], True)
                    if out:
                        conn.sendall(struct.pack(">H", len(out)) + out)
                    data = data[2 + size:]

    def serve_tcp(self):
        while True:
            conn, peer = self.tcp.accept()
            threading.Thread(target=self.stream, args=(conn, peer), daemon=True).start()


def main():
    server = Server(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    threading.Thread(target=server.serve_tcp, daemon=True).start()
    server.serve_udp()


main()
