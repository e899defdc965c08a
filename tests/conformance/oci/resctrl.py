#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""resctrl - a model of the kernel's resctrl file system, served by FUSE: resctrl.py FOLDER.

Two caches of eleven ways, memory bandwidth in steps of ten, four classes, two monitoring groups each. Made after
Documentation/filesystems/resctrl.rst and fs/resctrl/rdtgroup.c: mkdir(2) fills a folder, rmdir(2) takes a full one and gives its
tasks back, a task that is written leaves its class and its children follow it, schemata hold whole or not, the reason of a
refusal is in info/last_cmd_status. What it does not show is that a processor does what is written.

A class whose name ends in ".kill" is made, and whoever makes it first is killed in that moment.
"""
import ctypes
import errno
import os
import re
import signal
import struct
import sys

LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, RMDIR, OPEN, READ, WRITE, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR = (
    1, 2, 3, 4, 9, 11, 14, 15, 16, 18, 25, 26, 27, 28, 29)
ACCESS, INTERRUPT, BATCH_FORGET = 34, 36, 42
CLASSES, GROUPS, WAYS = 4, 2, 0x7FF


class Refused(Exception):
    def __init__(self, code, why=None):
        super().__init__(code)
        self.code, self.why = code, why


class Node:
    """A folder or a file. kind: root, class, group, groups (mon_groups), plain; of a file: tasks, schemata, status, plain."""

    def __init__(self, tree, kind, parent=None, folder=True):
        self.number = tree.count = tree.count + 1
        tree.nodes[self.number] = self
        self.kind, self.parent, self.folder = kind, parent, folder
        self.children = {} if folder else None
        self.masks = {"L3": [WAYS, WAYS], "MB": [100, 100]}


class Tree:
    def __init__(self):
        self.count, self.nodes, self.status, self.assigned, self.killed = 0, {}, "ok", {}, set()
        self.root = self.group_make("root", None)
        info = self.root.children["info"] = Node(self, "plain", self.root)
        info.children["last_cmd_status"] = Node(self, "status", info, False)

    def group_make(self, kind, parent):
        node = Node(self, kind, parent)
        for name in ("tasks",) if kind == "group" else ("tasks", "schemata"):
            node.children[name] = Node(self, name, node, False)
        node.children["mon_data"] = Node(self, "plain", node)
        if kind != "group":
            node.children["mon_groups"] = Node(self, "groups", node)
        return node

    def mkdir(self, parent, name, pid):
        if parent.kind not in ("root", "groups"):
            raise Refused(errno.EPERM)
        if name in parent.children:
            raise Refused(errno.EEXIST)
        kind = "class" if parent.kind == "root" else "group"
        same = [child for child in parent.children.values() if child.kind == kind]
        if len(same) >= (CLASSES - 1 if kind == "class" else GROUPS):
            raise Refused(errno.ENOSPC, "Out of CLOSIDs" if kind == "class" else "Out of RMIDs")
        parent.children[name] = self.group_make(kind, parent)
        if name.endswith(".kill") and name not in self.killed:
            self.killed.add(name)
            os.kill(pid, signal.SIGKILL)
        return parent.children[name]

    def rmdir(self, parent, name):
        node = parent.children.get(name)
        if not node:
            raise Refused(errno.ENOENT)
        if node.kind not in ("class", "group"):
            raise Refused(errno.EPERM)
        del parent.children[name]
        heir = self.root if node.kind == "class" else parent.parent
        for pid, where in self.assigned.items():
            if where is node or (where.parent and where.parent.parent is node):
                self.assigned[pid] = heir

    def where(self, pid):
        """The group of a task: what was written, or what its nearest ancestor had."""
        while pid > 1:
            if pid in self.assigned:
                return self.assigned[pid]
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                    pid = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                break
        return self.root

    def tasks(self, node):
        pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
        return "".join(f"{pid}\n" for pid in pids
                       if self.where(pid) is node or (node.kind != "group" and self.where(pid).kind == "group"
                                                      and self.where(pid).parent.parent is node))

    def task_move(self, node, text):
        pid = int(text)
        if not os.path.exists(f"/proc/{pid}"):
            raise Refused(errno.ESRCH, f"No task {pid}")
        now = self.where(pid)
        if node.kind == "group" and node.parent.parent not in (now, now.parent and now.parent.parent):
            raise Refused(errno.EINVAL, "Can't move task to different control group")
        self.assigned[pid] = node

    def schemata(self, node):
        return "".join(f"    {name}:" + ";".join(f"{i}={mask:4d}" if name == "MB" else f"{i}={mask:03x}"
                                                 for i, mask in enumerate(node.masks[name])) + "\n" for name in ("MB", "L3"))

    def schemata_write(self, node, text):
        if not text.endswith("\n"):
            raise Refused(errno.EINVAL)
        masks = {name: list(values) for name, values in node.masks.items()}
        for line in text.splitlines():
            name, _, rest = line.strip().partition(":")
            if name not in masks:
                raise Refused(errno.EINVAL, f"Unknown or unsupported resource name '{name}'")
            for item in rest.split(";"):
                match = re.fullmatch(r"\s*([01])\s*=\s*([0-9a-fA-F]+)\s*", item)
                if not match:
                    raise Refused(errno.EINVAL, "Missing '=' or non-numeric domain")
                value = int(match[2], 10 if name == "MB" else 16)
                if name == "MB" and not 10 <= value <= 100:
                    raise Refused(errno.EINVAL, f"MB value {value} out of range [10,100]")
                if name == "L3" and (not 0 < value <= WAYS or "01" in bin(value)[2:].rstrip("0")):
                    raise Refused(errno.EINVAL, f"The mask {value:x} has non-consecutive 1-bits")
                masks[name][int(match[1])] = value
        node.masks = masks

    def read(self, node):
        if node.kind == "status":
            return self.status + "\n"
        return self.tasks(node.parent) if node.kind == "tasks" else self.schemata(node.parent)

    def write(self, node, text):
        if node.kind == "status":
            raise Refused(errno.EACCES)
        (self.task_move if node.kind == "tasks" else self.schemata_write)(node.parent, text)


def attributes(node):
    mode = 0o40755 if node.folder else 0o100644
    return struct.pack("=6Q10I", node.number, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def entry(node):
    return struct.pack("=4Q2I", node.number, 0, 0, 0, 0, 0) + attributes(node)


def names(node, offset):
    body = b""
    for place, (name, child) in enumerate(list(node.children.items())[offset:], offset + 1):
        raw = name.encode()
        body += (struct.pack("=2Q2I", child.number, place, len(raw), 4 if child.folder else 8) + raw).ljust(
            (24 + len(raw) + 7) // 8 * 8, b"\0")
    return body


def answer(tree, opcode, node, pid, data):
    """The body of an answer, or Refused."""
    if opcode == INIT:
        return struct.pack("=4I2H2I", 7, 31, 0, 0, 16, 12, 65536, 1).ljust(64, b"\0")
    if opcode == LOOKUP:
        child = node.children.get(data.rstrip(b"\0").decode())
        if not child:
            raise Refused(errno.ENOENT)
        return entry(child)
    if opcode in (GETATTR, SETATTR):
        return struct.pack("=Q2I", 0, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return struct.pack("=Q2I", 0, 1 if opcode == OPEN else 0, 0)  # FOPEN_DIRECT_IO
    if opcode in (RELEASE, FLUSH, RELEASEDIR, ACCESS):
        return b""
    if opcode == READDIR:
        return names(node, struct.unpack_from("=2Q", data)[1])
    tree_status = tree.status
    tree.status = "ok"
    if opcode == MKDIR:
        return entry(tree.mkdir(node, data[8:].rstrip(b"\0").decode(), pid))
    if opcode == RMDIR:
        tree.rmdir(node, data.rstrip(b"\0").decode())
        return b""
    if opcode == WRITE:
        size = struct.unpack_from("=2QI", data)[2]
        tree.write(node, data[40:40 + size].decode())
        return struct.pack("=2I", size, 0)
    tree.status = tree_status
    if opcode == READ:
        _, offset, size = struct.unpack_from("=2QI", data)
        return tree.read(node).encode()[offset:offset + size]
    raise Refused(errno.ENOSYS)


def serve(device):
    tree = Tree()
    while True:
        request = os.read(device, 1 << 18)
        _, opcode, unique, number, _, _, pid = struct.unpack_from("=IIQQ3I", request)
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            continue
        error, body = 0, b""
        try:
            body = answer(tree, opcode, tree.nodes.get(number), pid, request[40:])
        except Refused as refused:
            error, tree.status = -refused.code, refused.why or tree.status
        try:
            os.write(device, struct.pack("=IiQ", 16 + len(body), error, unique) + body)
        except FileNotFoundError:
            pass  # whoever asked is gone


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"resctrl", sys.argv[1].encode(), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    print("mounted", flush=True)
    serve(device)


main()
