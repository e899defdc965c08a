# SPDX-License-Identifier: GPL-2.0-or-later
"""world - what the benchmark's rows stand on: namespaces, the floor program, the daemon, peers."""
import ctypes
import json
import os
import shutil
import socket
import struct
import subprocess
import time

CLONE_NEWNET = 0x40000000
MS_BIND = 4096
LIBC = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def namespaces(prefix, count):
    """Namespaces under /run/netns, made in a child, since we must not move. Return: their names."""
    names = ["%s%d" % (prefix, i) for i in range(count)]
    pid = os.fork()
    if pid == 0:
        try:
            for name in names:
                path = "/run/netns/" + name
                must(LIBC.unshare(CLONE_NEWNET))
                os.close(os.open(path, os.O_CREAT | os.O_EXCL))
                must(LIBC.mount(b"/proc/self/ns/net", path.encode(), None, MS_BIND, None))
            os._exit(0)
        except OSError as error:
            print("bench: namespaces: %s" % error, flush=True)
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        raise SystemExit("bench: cannot make namespaces")
    return names


def netns_path(name):
    return "/run/netns/" + name


def remove_namespaces(names):
    for name in names:
        LIBC.umount2(netns_path(name).encode(), 2)
        os.unlink(netns_path(name))


def link_is_gone(name, ifname="eth0"):
    """Waits until the link has left its namespace: removals go behind the answer."""
    for _ in range(500):
        done = subprocess.run(["nsenter", "--net=" + netns_path(name), "cat", "/proc/net/dev"],
                              capture_output=True, text=True, check=True).stdout
        if ifname + ":" not in done:
            return
        time.sleep(0.005)
    raise SystemExit("bench: %s in %s does not go" % (ifname, name))


class Gone:
    """A child in a namespace that waits until none of the links named is there any more."""

    def __init__(self, netns, names):
        names = [name.encode() + b":" for name in names]
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(writer)
            return
        try:
            fd = os.open(netns, os.O_RDONLY)
            must(LIBC.setns(fd, CLONE_NEWNET))
            os.close(fd)
            os.write(writer, b"1")
            while True:
                with open("/proc/self/net/dev", "rb") as f:
                    there = f.read()
                while names and names[-1] not in there:
                    names.pop()
                if not names:
                    break
                time.sleep(0.002)
            os.write(writer, b"%d" % time.perf_counter_ns())
        finally:
            os._exit(0)

    def ready(self):
        os.read(self.reader, 1)

    def wait(self):
        """Return: when the last one had gone, by time.perf_counter_ns()."""
        when = os.read(self.reader, 32)
        os.close(self.reader)
        os.waitpid(self.pid, 0)
        return int(when)


class Unregistered(Gone):
    """A child in a namespace that waits until the kernel tells that a link has gone. It is seen no more before that: the rest is
    the wait for RCU, and with it go its addresses, routes and neighbours."""

    RTMGRP_LINK, RTM_DELLINK, IFINFO_SIZE, NLMSG_SIZE, IFLA_IFNAME = 1, 17, 16, 16, 3

    def __init__(self, netns, name):
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(writer)
            return
        try:
            fd = os.open(netns, os.O_RDONLY)
            must(LIBC.setns(fd, CLONE_NEWNET))
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            sock.bind((0, self.RTMGRP_LINK))
            os.write(writer, b"1")
            while not self.tells(sock.recv(65536), name.encode()):
                pass
            os.write(writer, b"%d" % time.perf_counter_ns())
        finally:
            os._exit(0)

    def tells(self, data, name):
        """Is it the end of that link, not only of it as a bridge's port?"""
        _, kind, _, _, _ = struct.unpack_from("=IHHII", data)
        family = data[self.NLMSG_SIZE]
        at = self.NLMSG_SIZE + self.IFINFO_SIZE
        while kind == self.RTM_DELLINK and family == socket.AF_UNSPEC and at + 4 <= len(data):
            size, attr = struct.unpack_from("=HH", data, at)
            if attr == self.IFLA_IFNAME:
                return data[at + 4:at + size].rstrip(b"\0") == name
            at += (size + 3) & ~3
        return False


class Floor:
    """The floor program, in a host of its own, or in ours for spawning only."""

    def __init__(self, path, own_host):
        command = ["unshare", "--net", path] if own_host else [path]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        """Return: its two figures."""
        self.process.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bench: the floor program ended at: %s" % " ".join(str(w) for w in words))
        return tuple(int(x) for x in line.split())

    def spawn(self, *argv):
        spent, status = self.ask("spawn", *argv)
        if status:
            raise RuntimeError("%s: status %d" % (" ".join(argv), status))
        return spent

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run(command, env=None, data=None):
    """Return: nanoseconds, standard output. A failure is a RuntimeError with what it said."""
    start = time.perf_counter_ns()
    done = subprocess.run(command, env=env, input=data, capture_output=True, text=True)
    spent = time.perf_counter_ns() - start
    if done.returncode:
        raise RuntimeError("%s: %s" % (os.path.basename(command[0]), (done.stderr + done.stdout).strip()[-300:]))
    return spent, done.stdout


class Cni:
    """Debian's reference plugins as a runtime calls them: bridge with host-local, portmap, firewall."""

    name = "CNI bridge + host-local + portmap + firewall"
    folder = "/usr/lib/cni"

    def __init__(self):
        for plugin in ("bridge", "host-local", "portmap", "firewall"):
            if not os.access(os.path.join(self.folder, plugin), os.X_OK):
                raise RuntimeError("no %s/%s" % (self.folder, plugin))
        if not shutil.which("iptables"):
            raise RuntimeError("no iptables")
        self.results = {}

    def plugins(self):
        ranges = [[{"subnet": "10.91.0.0/16"}], [{"subnet": "fd91::/64"}]]
        return [
            ("bridge", {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": True,
                        "ipam": {"type": "host-local", "ranges": ranges,
                                 "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}}),
            ("portmap", {"type": "portmap", "snat": True}),
            ("firewall", {"type": "firewall", "backend": "iptables"}),
        ]

    def call(self, verb, netns, number, plugin, conf, result):
        conf = dict(conf, cniVersion="1.0.0", name="bench",
                    runtimeConfig={"portMappings": [{"hostPort": 25000 + number, "containerPort": 80,
                                                     "protocol": "tcp"}]})
        if result is not None:
            conf["prevResult"] = result
        env = dict(os.environ, CNI_COMMAND=verb, CNI_CONTAINERID="bench%d" % number, CNI_IFNAME="eth0",
                   CNI_NETNS=netns_path(netns), CNI_PATH=self.folder)
        return run([os.path.join(self.folder, plugin)], env, json.dumps(conf))

    def add(self, netns, number):
        result, spent = None, 0
        for plugin, conf in self.plugins():
            took, out = self.call("ADD", netns, number, plugin, conf, result)
            spent += took
            result = json.loads(out)
        self.results[number] = result
        return spent

    def remove(self, netns, number):
        result = self.results.pop(number)
        return sum(self.call("DEL", netns, number, plugin, conf, result)[0]
                   for plugin, conf in reversed(self.plugins()))


class Netavark:
    """netavark as podman calls it."""

    name = "netavark"
    path = "/usr/lib/podman/netavark"

    def __init__(self):
        if not os.access(self.path, os.X_OK):
            raise RuntimeError("no " + self.path)
        os.makedirs("/run/netavark", exist_ok=True)

    def call(self, verb, netns, number):
        addresses = ["10.92.%d.%d" % (number // 200, number % 200 + 2), "fd92::%x" % (number + 2)]
        options = {
            "container_id": "%064x" % (number + 1), "container_name": "bench%d" % number,
            "networks": {"bench": {"interface_name": "eth0", "static_ips": addresses}},
            "network_info": {"bench": {
                "name": "bench", "id": "%064x" % 0xbe, "driver": "bridge", "network_interface": "nav0",
                "subnets": [{"subnet": "10.92.0.0/16", "gateway": "10.92.0.1"},
                            {"subnet": "fd92::/64", "gateway": "fd92::1"}],
                "ipv6_enabled": True, "internal": False, "dns_enabled": False,
                "ipam_options": {"driver": "host-local"}}},
            "port_mappings": [{"container_port": 80, "host_ip": "", "host_port": 26000 + number,
                               "protocol": "tcp", "range": 1}],
        }
        return run([self.path, "--config", "/run/netavark", verb, netns_path(netns)], data=json.dumps(options))[0]

    def add(self, netns, number):
        return self.call("setup", netns, number)

    def remove(self, netns, number):
        return self.call("teardown", netns, number)


class SixCommands:
    """What a script does by hand: IPv4 only, no port, no guard."""

    name = "six ip commands (IPv4, no port, no guard)"

    def __init__(self, runner):
        self.runner = runner
        run(["ip", "link", "add", "six0", "type", "bridge"])
        run(["ip", "addr", "add", "10.93.0.1/16", "dev", "six0"])
        run(["ip", "link", "set", "six0", "up"])

    def add(self, netns, number):
        link, address = "six%d" % (number + 1), "10.93.%d.%d/16" % (number // 200, number % 200 + 2)
        commands = (
            "ip link add %s type veth peer name eth0 netns %s" % (link, netns),
            "ip link set %s master six0 up" % link,
            "ip -n %s addr add %s dev eth0" % (netns, address),
            "ip -n %s link set eth0 up" % netns,
            "ip -n %s link set lo up" % netns,
            "ip -n %s route add default via 10.93.0.1" % netns,
        )
        return sum(self.runner.spawn(*command.split()) for command in commands)

    def remove(self, netns, number):
        return self.runner.spawn("ip", "link", "del", "six%d" % (number + 1))
