#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tap - a virtual machine of one program: it opens a tap as a VMM does, and speaks frames as the machine.

	tap.py machine IFNAME MAC IP4 IP6    answers ARP, neighbour solicitations and UDP port 7; does what stdin says
	tap.py open IFNAME                   opens it, and says so
	tap.py ask ADDRESS PORT TEXT         an ordinary host: sends it by UDP, prints the answer
	tap.py echo PORT                     an ordinary host: answers UDP

The machine's orders, one a line; what it hears goes to stdout:

	arp ADDRESS
	udp MAC-SOURCE SOURCE MAC-DESTINATION DESTINATION PORT TEXT    whoever it says it is
	name MAC-DESTINATION SERVER NAME                               asks a name server for an IPv4 address
	claim MAC ADDRESS                                              says by ARP that the address is there
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
BROADCAST = b"\xff" * 6
ECHO_PORT, OWN_PORT = 7, 4000


def tap_open(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def transport(proto, src, dst, segment, at):
    """The segment with its checksum, which stands at byte @at."""
    pseudo = src + dst + (struct.pack("!BBH", 0, proto, len(segment)) if len(src) == 4
                          else struct.pack("!I3xB", len(segment), proto))
    return segment[:at] + struct.pack("!H", checksum(pseudo + segment) or 0xffff) + segment[at + 2:]


def packet(proto, src, dst, segment):
    if len(src) == 16:
        return struct.pack("!IHBB", 6 << 28, len(segment), proto, 255) + src + dst + segment
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, proto, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + segment


def udp(src, dst, sport, dport, data):
    return packet(17, src, dst, transport(17, src, dst, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, 6))


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", 1, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


class Machine:
    def __init__(self, ifname, mac, ip4, ip6):
        self.fd = tap_open(ifname)
        self.mac, self.ip4, self.ip6 = mac_bytes(mac), socket.inet_aton(ip4), socket.inet_pton(socket.AF_INET6, ip6)

    def say(self, *words):
        print(*words, flush=True)

    def send(self, dst, ethertype, payload, src=None):
        os.write(self.fd, dst + (src or self.mac) + struct.pack("!H", ethertype) + payload)

    def arp(self, op, dst, target_mac, target, mac=None, sender=None):
        self.send(dst, 0x0806, struct.pack("!HHBBH", 1, 0x0800, 6, 4, op) + (mac or self.mac) + (sender or self.ip4)
                  + target_mac + target, mac)

    def hear_arp(self, source, body):
        op, sender, target = struct.unpack("!H", body[6:8])[0], body[14:18], body[24:28]
        if op == 1 and target == self.ip4:
            self.arp(2, source, body[8:14], sender)
        elif op == 2:
            self.say("arp", socket.inet_ntoa(sender), body[8:14].hex(":"))

    def hear_udp(self, source, ethertype, src, dst, segment):
        sport, dport = struct.unpack("!HH", segment[:4])
        data = segment[8:]
        if dport == ECHO_PORT:
            self.send(source, ethertype, udp(dst, src, dport, sport, b"machine " + data))
        elif sport == 53:
            self.say("name", socket.inet_ntoa(data[-4:]) if data[3] & 15 == 0 else f"refused {data[3] & 15}")
        else:
            self.say("udp", data.decode(errors="replace"))

    def hear_ip6(self, source, body):
        proto, src, dst, rest = body[6], body[8:24], body[24:40], body[40:]
        if proto == 17 and dst == self.ip6:
            self.hear_udp(source, 0x86DD, src, dst, rest)
        elif proto == 58 and rest[0] == 135 and rest[8:24] == self.ip6:
            answer = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + self.ip6 + b"\x02\x01" + self.mac
            self.send(source, 0x86DD, packet(58, self.ip6, src, transport(58, self.ip6, src, answer, 2)))

    def hear(self):
        frame = os.read(self.fd, 65536)
        source, ethertype, body = frame[6:12], struct.unpack("!H", frame[12:14])[0], frame[14:]
        if frame[:6] != self.mac and not frame[0] & 1:
            self.say("stray", frame[:6].hex(":"))
        elif ethertype == 0x0806:
            self.hear_arp(source, body)
        elif ethertype == 0x0800 and body[9] == 17 and body[16:20] == self.ip4:
            self.hear_udp(source, ethertype, body[12:16], body[16:20],
                          body[(body[0] & 15) * 4:struct.unpack("!H", body[2:4])[0]])
        elif ethertype == 0x86DD:
            self.hear_ip6(source, body)

    def obey(self, order, *args):
        if order == "arp":
            self.arp(1, BROADCAST, b"\0" * 6, socket.inet_aton(args[0]))
        elif order == "claim":
            ip = socket.inet_aton(args[1])
            self.arp(2, BROADCAST, BROADCAST, ip, mac_bytes(args[0]), ip)
        elif order == "name":
            self.send(mac_bytes(args[0]), 0x0800,
                      udp(self.ip4, socket.inet_aton(args[1]), OWN_PORT, 53, question(args[2])))
        elif order == "udp":
            src, dst = socket.inet_aton(args[1]), socket.inet_aton(args[3])
            self.send(mac_bytes(args[2]), 0x0800, udp(src, dst, OWN_PORT, int(args[4]), args[5].encode()),
                      mac_bytes(args[0]))

    def run(self):
        self.say("ready")
        while True:
            ready, _, _ = select.select([self.fd, 0], [], [])
            if self.fd in ready:
                self.hear()
            if 0 in ready:
                for line in os.read(0, 4096).decode().splitlines():
                    self.obey(*line.split())


def ask(address, port, text):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.connect((address, int(port)))
        for _ in range(3):
            try:
                sock.send(text.encode())
                print(sock.recv(2048).decode())
                return
            except TimeoutError:
                pass
    sys.exit(1)


def echo(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", int(port)))
        print("ready", flush=True)
        while True:
            data, who = sock.recvfrom(2048)
            print(who[0], data.decode(), flush=True)
            sock.sendto(b"echo " + data, who)


def main():
    verb, args = sys.argv[1], sys.argv[2:]
    if verb == "machine":
        Machine(*args).run()
    elif verb == "open":
        os.close(tap_open(args[0]))
        print("open")
    else:
        {"ask": ask, "echo": echo}[verb](*args)


main()
