#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fake_moatd - a varlink server that answers what a file says, for tests of its clients.

usage: fake_moatd.py SOCKET REPLIES LOG

REPLIES is JSON: a list of rules, read anew for every call. The first whose "method" (without
"io.moat.") is the call's, whose "match" (if any) is part of the call's parameters, and whose
"times" (if any) is not used up, says what happens: "reply": parameters of the reply; "error": name
and "parameters"; "stream": a list of replies; "fds": paths that are opened and passed along;
"raw": these bytes as they are; "close": the connection ends there. No rule: MethodNotFound.

LOG gets one JSON line a call: method, parameters, and what came beside it (fds: a list of
[device, inode]).
"""
import array
import json
import os
import socket
import sys
import threading

SOCKET, REPLIES, LOG = sys.argv[1:4]
lock = threading.Lock()
used = {}


def part_of(part, whole):
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(k in whole and part_of(v, whole[k]) for k, v in part.items())
    return part == whole


def rule_of(method, parameters):
    with open(REPLIES, encoding="utf-8") as file:
        text = file.read()
    rules = json.loads(text)
    with lock:
        for index, rule in enumerate(rules):
            if rule["method"] != method or not part_of(rule.get("match", {}), parameters):
                continue
            key = (text, index)
            if used.get(key, 0) >= rule.get("times", 1 << 30):
                continue
            used[key] = used.get(key, 0) + 1
            return rule
    return {"error": "org.varlink.service.MethodNotFound", "parameters": {"method": method}}


def send(connection, message, fds=()):
    data = (json.dumps(message) if not isinstance(message, str) else message).encode() + b"\0"
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    done = connection.sendmsg([data], rights)
    if done < len(data):
        connection.sendall(data[done:])


def answer(connection, call, fds):
    method = call["method"].removeprefix("io.moat.")
    with lock, open(LOG, "a", encoding="utf-8") as log:
        stats = [os.fstat(fd) for fd in fds]
        log.write(json.dumps({"method": method, "parameters": call.get("parameters", {}),
                              "fds": [[s.st_dev, s.st_ino] for s in stats]}) + "\n")
    rule = rule_of(method, call.get("parameters", {}))
    opened = [os.open(path, os.O_RDONLY) for path in rule.get("fds", [])]
    if "raw" in rule:
        connection.sendall(rule["raw"].encode())
    elif "error" in rule:
        send(connection, {"error": rule["error"], "parameters": rule.get("parameters", {})})
    elif "stream" in rule:
        for reply in rule["stream"]:
            send(connection, {"parameters": reply, "continues": True})
    elif "reply" in rule:
        send(connection, {"parameters": rule["reply"]}, opened)
    for fd in opened:
        os.close(fd)
    return "close" not in rule and "raw" not in rule and "stream" not in rule


def serve(connection):
    data, fds = b"", []
    with connection:
        while True:
            while b"\0" not in data:
                chunk, received, _, _ = socket.recv_fds(connection, 65536, 16)
                if not chunk:
                    return
                data += chunk
                fds += received
            text, data = data.split(b"\0", 1)
            go_on = answer(connection, json.loads(text), fds)
            for fd in fds:
                os.close(fd)
            fds = []
            if not go_on:
                return


def main():
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # under its name only when it listens
    listener.bind(SOCKET + ".new")
    listener.listen(64)
    os.rename(SOCKET + ".new", SOCKET)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


main()
