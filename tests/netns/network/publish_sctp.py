#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""publish_sctp send ADDRESS PORT... | hear FILE - SCTP without a kernel that speaks it: an INIT chunk by a raw socket, and
a raw socket that writes down the ports such packets arrive at."""
import os
import socket
import struct
import sys

SCTP = 132
TABLE = []
for byte in range(256):  # CRC-32C, RFC 9260 appendix A
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def init(port):
    """Common header (ports, tag 0, checksum) and an INIT chunk: tag, window, streams, TSN."""
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 0x11223344, 65536, 1, 1, 1)
    packet = struct.pack("!HHII", 40000 + port % 1000, port, 0, 0) + chunk
    return packet[:8] + struct.pack("<I", crc32c(packet)) + packet[12:]


if sys.argv[1] == "send":
    family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
    with socket.socket(family, socket.SOCK_RAW, SCTP) as sock:
        for word in sys.argv[3:]:
            sock.sendto(init(int(word)), (sys.argv[2], 0))
else:
    family = socket.AF_INET6 if sys.argv[2] == "6" else socket.AF_INET
    with socket.socket(family, socket.SOCK_RAW, SCTP) as sock, open(sys.argv[3], "w", encoding="ascii") as file:
        os.dup2(file.fileno(), 1)
        print("ready", flush=True)
        while True:
            data = sock.recv(2000)
            data = data if family == socket.AF_INET6 else data[(data[0] & 15) * 4:]
            print(struct.unpack("!H", data[2:4])[0], flush=True)
