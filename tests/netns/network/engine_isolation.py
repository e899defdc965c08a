#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engine_isolation serve NAME | ask PROTO ADDRESS PORT NAME | matrix - servers that say their name, and who hears them."""
import json
import os
import select
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

PORTS = (7000, 22)
VM = os.environ.get("MOAT_VM") == "1"
PATIENCE = 4 if VM else 1.2


def serve(name):
    """TCP and UDP, both families, on all ports: the answer is our name and who asked."""
    poll, sockets = select.poll(), {}
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for port in PORTS:
            sock = socket.socket(socket.AF_INET6, kind)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::", port))
            if kind == socket.SOCK_STREAM:
                sock.listen(128)
            poll.register(sock, select.POLLIN)
            sockets[sock.fileno()] = sock
    while True:
        for fd, _ in poll.poll():
            sock = sockets[fd]
            if sock.type == socket.SOCK_STREAM:
                conn, peer = sock.accept()
                conn.sendall(("%s %s" % (name, peer[0].removeprefix("::ffff:"))).encode())
                conn.close()
            else:
                _, peer = sock.recvfrom(100)
                sock.sendto(("%s %s" % (name, peer[0].removeprefix("::ffff:"))).encode(), peer)


def ask(proto, address, port):
    """Whose answer comes, and whom the server saw; ("-", "") for none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if proto == "icmp":
        done = subprocess.run(["ping", "-n", "-c1", "-W%g" % PATIENCE, address], capture_output=True)
        return ["pong", ""] if done.returncode == 0 else ["-", ""]
    try:
        with socket.socket(family, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.connect((address, port))
            if proto == "udp":
                sock.send(b"?")
            answer = sock.recv(200).decode().split()
            return answer if len(answer) == 2 else ["-", ""]
    except OSError:
        return ["-", ""]


def ask_all(questions):
    with ThreadPoolExecutor(64) as pool:
        return list(pool.map(lambda q: ask(*q), questions))


def from_place(place, questions):
    """The same, asked inside a stack or outside."""
    enter = {"host": [], "outside": ["nsenter", "--net=/run/netns/outside", "--"]}.get(place) or \
        ([] if place == "host" else [os.environ["MOAT_BIN_DIR"] + "/moat", "enter", place, "--"])
    done = subprocess.run(enter + [sys.executable, os.path.abspath(__file__), "many"], input=json.dumps(questions),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (place, done.stderr))
    return json.loads(done.stdout)


def moat(*args):
    done = subprocess.run([os.environ["MOAT_BIN_DIR"] + "/moat", "--json"] + list(args), capture_output=True, check=True)
    return json.loads(done.stdout)


def transit(tenant):
    shown = moat("tenant", "show", tenant)
    return [ip.split("/")[0] for ip in shown.get("tenant", shown)["transit"]]


def host_side(ip):
    head, _, tail = ip.rpartition("." if "." in ip else ":")
    if "." in ip:
        return "%s.%d" % (head, int(tail) - 1)
    return "%s:%x" % (head, int(tail or "0", 16) - 1)


def matrix():
    env = os.environ
    # of outside the addresses that a UDP answer bears as its source
    host, out = (env["HOST4"], env["HOST6"]), ("198.51.100.1", "2001:db8:51::1")
    red, blue = transit("red"), transit("blue")
    web = {"a": ("10.0.0.10", "fd00:a::10"), "b": ("10.0.0.20", "fd00:a::20"), "blue/b": ("10.0.0.30", "fd00:a::30")}
    gateways = {"web": ("10.0.0.1", "fd00:a::1"), "db": ("10.0.1.1", "fd00:b::1"), "inner": ("10.0.2.1", "fd00:c::1")}
    everything = ("tcp", "udp", "icmp")
    wanted = {}    # (place, proto, address, port) -> whose answer, or "-"

    def want(place, addresses, answer, protos=everything, port=7000):
        for address in addresses:
            for proto in protos:
                pong = "pong" if answer != "-" else "-"
                wanted[place, proto, address, port] = pong if proto == "icmp" else answer

    both = ("tcp", "udp")
    # within a network, and between networks of one tenant (no policy yet: they are one router's)
    want("red/b", web["a"], "red/a")
    want("blue/b", web["a"], "blue/a")
    want("red/a", web["b"], "red/b")
    want("blue/a", web["blue/b"], "blue/b")
    # the same address in the other tenant is another: nobody
    want("red/a", web["blue/b"], "-")
    want("blue/a", web["b"], "-")
    # the gateway is no server, and answers pings alone; so is the router's other addresses
    for place in ("red/a", "red/d", "blue/b"):
        own, other = (red, blue) if place.startswith("red") else (blue, red)
        want(place, gateways["web"] + gateways["db"], "-", both)
        want(place, gateways["web"] + gateways["db"], "-", both, 22)
        # its own uplink, both sides, and the other tenant's
        want(place, own, "-", both)
        want(place, [host_side(ip) for ip in own], "-", both)
        want(place, [host_side(ip) for ip in own], "-", both, 22)
        want(place, other, "-")
        want(place, [host_side(ip) for ip in other], "-", both, 22)
        # the host by its own address: no port of it but what is published
        want(place, host, "-", both)
        want(place, host, "-", both, 22)
        want(place, out, "outside")
        want(place, host, "red/a", both, 8080)
        want(place, host, "blue/a", both, 8081)
    # nor is the gateway of another network of the tenant to be pinged
    want("red/a", gateways["web"], "pong", ("icmp",))
    want("red/a", gateways["db"] + gateways["inner"], "-", ("icmp",))
    want("red/d", gateways["db"], "pong", ("icmp",))
    want("red/d", gateways["web"], "-", ("icmp",))
    # a network without a way out
    want("red/i", out, "-")
    want("red/i", host, "-", both, 22)
    want("red/i", host, "-", both, 8081)
    # outside and the host know no tenant's addresses
    for place in ("outside", "host"):
        want(place, web["a"] + web["b"] + web["blue/b"] + gateways["web"], "-")
        want(place, host, "red/a", both, 8080)
        want(place, host, "blue/a", both, 8081)
        want(place, host, "host", both, 7000)
    want("outside", red + blue, "-", both)
    want("outside", red + blue, "-", both, 22)
    want("host", ("127.0.0.1",), "red/a", both, 8080)
    want("host", ("127.0.0.1",), "red/a", ("tcp",), 8079)
    want("outside", host[:1], "-", ("tcp",), 8079)
    want("red/b", host[:1], "-", ("tcp",), 8079)
    want("host", ("127.0.0.1", "::1"), "host", both)

    if VM:    # a process there takes fifty times as long: one in four, and other ones for each place
        wanted = {key: answer for i, (key, answer) in enumerate(wanted.items()) if i % 4 == 0}
    places = sorted({key[0] for key in wanted})
    questions = {place: [key[1:] for key in wanted if key[0] == place] for place in places}
    # until all servers listen
    for _ in range(50):
        if all(from_place("host", [("tcp", host[0], port)])[0][0] == name for port, name in ((8080, "red/a"), (8081, "blue/a"))):
            break
    with ThreadPoolExecutor(4) as pool:
        answers = dict(zip(places, pool.map(lambda place: from_place(place, questions[place]), places)))
    wrong, groups = [], {}
    for place in places:
        for question, (answer, seen) in zip(questions[place], answers[place]):
            expected = wanted[(place,) + tuple(question)]
            groups.setdefault((place, expected), []).append(answer == expected)
            if answer != expected:
                wrong.append("%s %s %s:%d: %s expected, %s came (%s)" % (place, *question, expected, answer, seen))
            # nobody outside a tenant ever sees a tenant's address
            if answer in ("host", "outside") and seen.startswith(("10.0.", "fd00:")):
                wrong.append("%s %s %s:%d: %s saw %s" % (place, *question, answer, seen))
    for (place, expected), results in sorted(groups.items()):
        print("%s - from %s %s, %d of %d" % ("ok" if all(results) else "not ok", place,
              "nothing" if expected == "-" else "an answer of " + expected, sum(results), len(results)))
    for line in wrong:
        print("# " + line)
    sys.exit(1 if wrong else 0)


def main():
    command = sys.argv[1]
    if command == "serve":
        serve(sys.argv[2])
    elif command == "ask":
        got = ask(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        print(*got)
        sys.exit(got[0] != sys.argv[5])
    elif command == "many":
        print(json.dumps(ask_all(json.load(sys.stdin))))
    else:
        matrix()


main()
