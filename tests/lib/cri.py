#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cri - calls of Kubernetes' container runtime interface, as a kubelet makes them, over curl's HTTP/2.

usage: cri.py SOCKET METHOD REQUEST

METHOD is one of runtime.v1.RuntimeService. REQUEST is JSON: a message is an object whose keys are the numbers of the fields
(https://github.com/kubernetes/cri-api, api.proto), a repeated field a list, a map a list of {"1": key, "2": value}. The reply is
printed in the same way, each field a list, texts as texts; an error of the service is exit status 1.
"""
import json
import subprocess
import sys
import tempfile


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode(message):
    out = b""
    for number, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(int(number) << 3) + varint(int(value))
                continue
            data = encode(value) if isinstance(value, dict) else value.encode()
            out += varint(int(number) << 3 | 2) + varint(len(data)) + data
    return out


def number_at(data, at):
    result = shift = 0
    while True:
        result |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return result, at


def decode(data):
    """The wire does not tell texts from messages: what is no message is a text."""
    message, at = {}, 0
    while at < len(data):
        key, at = number_at(data, at)
        if key >> 3 == 0 or key & 7 not in (0, 2):
            raise ValueError
        value, at = number_at(data, at)
        if key & 7 == 2:
            if at + value > len(data):
                raise ValueError
            part, at = data[at:at + value], at + value
            value = meant(part)
        message.setdefault(str(key >> 3), []).append(value)
    return message


def meant(part):
    text = part.decode("utf-8", "replace")
    if text.isprintable() and text:
        return text
    try:
        return decode(part)
    except (ValueError, IndexError):
        return text


def main():
    socket, method, request = sys.argv[1:]
    body = encode(json.loads(request))
    with tempfile.NamedTemporaryFile() as headers:
        done = subprocess.run(
            ["curl", "-s", "--max-time", "60", "--http2-prior-knowledge", "--unix-socket", socket, "-D", headers.name, "-H", "te: trailers",
             "-H", "content-type: application/grpc", "--data-binary", "@-", "http://localhost/runtime.v1.RuntimeService/" + method],
            input=b"\0" + len(body).to_bytes(4, "big") + body, capture_output=True, check=False)
        with open(headers.name, encoding="utf-8") as lines:
            told = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if told.get("grpc-status") != "0":
        print(told.get("grpc-message", "no answer: curl %d" % done.returncode), file=sys.stderr)
        return 1
    print(json.dumps(decode(done.stdout[5:])))
    return 0


sys.exit(main())
