#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engine_api TEST - the daemon's socket handled badly, one test a run. Exit 0: it behaved.

Run by engine_api.sh inside its sandbox, where tenants red (network web, endpoint red/a) and blue stand.
"""
import array
import json
import os
import resource
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))
from moatsock import Moat, MoatError  # noqa: E402

NOBODY, ALICE = 65534, int(os.environ.get("ALICE_UID", "4242"))


def connect(timeout=20):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    sock.connect(os.environ["MOAT_SOCKET"])
    return sock


def message(method, **parameters):
    return json.dumps({"method": "io.moat." + method, "parameters": parameters}).encode() + b"\0"


def replies(sock, count):
    data = b""
    while data.count(b"\0") < count:
        part = sock.recv(1 << 16)
        if not part:
            raise EOFError("closed after %d replies of %d: %r" % (data.count(b"\0"), count, data[-200:]))
        data += part
    return [json.loads(text) for text in data.split(b"\0")[:-1]]


def alive():
    with Moat(timeout=5) as moat:
        assert moat.call("Version")["interface"] == "io.moat"


def error_of(raw):
    """The error's short name, or None when the connection was closed, for one raw message."""
    with connect() as sock:
        sock.sendall(raw)
        try:
            reply, = replies(sock, 1)
        except (EOFError, ConnectionResetError):
            return None
        return reply.get("error", "none")


def refused(code, method, words="", fds=(), **parameters):
    with Moat(timeout=20) as moat:
        try:
            reply = moat.call(method, fds, **parameters)
        except MoatError as error:
            assert error.code == code, "%s %s: %s instead of %s" % (method, parameters, error, code)
            assert words in str(error), "%s: %r is not in: %s" % (method, words, error)
            return
    raise AssertionError("%s %s was taken: %s" % (method, parameters, reply))


def test_unknown():
    assert error_of(message("Nothing")) == "org.varlink.service.MethodNotFound"
    assert error_of(b'{"method":"io.other.Do"}\0') == "org.varlink.service.InterfaceNotFound"
    # a message that is no varlink call ends the connection
    for raw in (b"\0", b"{}\0", b"[]\0", b"null\0", b"nonsense\0", b'{"method":7}\0', b'{"method":"x"}\0', b'{"method":"io."}\0',
                b'{"method":"io.moat.Version","parameters":[]}\0', b'{"method":"io.moat.Version","extra":1}\0',
                b'{"method":"io.moat.Version","method":"io.moat.Version"}\0', b'{"method":"io.moat.Version"\0',
                b'{"method":"io.moat.Version","more":1}\0', b'{"method":"io.moat.Version","parameters":{"a":1,"a":2}}\0',
                b'{"method":"io.moat.V\xff"}\0', b'{"method":"io.moat.Version"}{}\0'):
        assert error_of(raw) is None, raw
        alive()


def test_types():
    bad = "io.moat.InvalidParameter"
    for method, parameters in (
            ("Version", {"x": 1}), ("TenantShow", {}), ("TenantShow", {"name": 7}), ("TenantShow", {"name": None}),
            ("TenantShow", {"name": "red", "nam": "red"}), ("TenantCreate", {"name": ["red"]}),
            ("TenantCreate", {"name": "x", "quota": 1}), ("TenantCreate", {"name": "x", "quota": {"endpoints": -1}}),
            ("TenantCreate", {"name": "x", "quota": {"endpoints": 1.5}}), ("TenantCreate", {"name": "x", "quota": {"x": 1}}),
            ("TenantCreate", {"name": "x", "dryRun": 1}), ("TenantCreate", {"name": "x", "dryRun": "true"}),
            ("NetworkCreate", {"name": "red/x", "subnets": "10.0.0.0/24"}), ("NetworkCreate", {"name": "red/x", "subnets": [1]}),
            ("NetworkCreate", {"name": "red/x", "mtu": "1500"}), ("NetworkCreate", {"name": "red/x", "mtu": -1}),
            ("NetworkCreate", {"name": "red/x", "mtu": 65536}), ("NetworkCreate", {"name": "red/x", "mtu": 2 ** 63 - 1}),
            ("NetworkCreate", {"name": "red/x", "subnets": ["10.7.%d.0/24" % i for i in range(5)]}),
            ("EndpointAttach", {"network": "red/web", "create": "yes"}),
            ("EndpointAttach", {"network": "red/web", "create": True, "name": "x", "labels": []}),
            ("EndpointAttach", {"network": "red/web", "create": True, "name": "x", "netnsFd": 0}),
            ("EndpointAttach", {"network": "red/web", "name": "x", "netnsFd": 0}),
            ("EndpointAttach", {"network": "red/web", "name": "x", "netnsFd": -1}),
            ("EndpointAttach", {"network": "red/web", "name": "x", "netnsFd": 99}),
            ("EndpointAttach", {"network": "red/web", "name": "x", "netnsPath": "/etc/passwd"}),
            ("EndpointAttach", {"network": "red/web", "name": "x", "netnsPath": "/run/netns/../rt/moatd.sock"}),
            ("EndpointAttach", {"network": "red/web", "create": True, "name": "x", "requestId": "r" * 129}),
            ("Publish", {"name": "red/a", "publish": []}), ("Publish", {"name": "red/a", "publish": ["1"] * 1025}),
            ("LabUp", {"name": "lab", "nodes": [], "wires": []}), ("LabUp", {"name": "lab", "nodes": [1], "wires": []}),
            ("LabUp", {"name": "lab", "nodes": [{"name": "a", "x": 1}], "wires": []}), ("Events", {})):
        got = error_of(message(method, **parameters))
        assert got == bad, "%s %s: %s" % (method, parameters, got)
    assert error_of(message("TenantCreate", name="R\u00e9d")) == "io.moat.InvalidName"
    assert error_of(message("TenantCreate", name="")) == "io.moat.InvalidName"
    assert error_of(b'{"method":"io.moat.TenantCreate","parameters":{"name":"a\\u0000b"}}\0') in (None, bad, "io.moat.InvalidName")
    alive()


def test_lab_input():
    """What no kernel would take is refused with its reason, never by the hand."""
    def lab(code, nodes=None, wires=None, words=""):
        refused(code, "LabUp", words, name="lab", nodes=nodes or [{"name": "a"}, {"name": "b"}], wires=wires or [])
    usage = "InvalidParameter"
    for ip in ("224.0.0.1/32", "0.0.0.0/8", "10.0.0.1/0", "::/64", "ff02::1/64", "10.0.0.1", "10.0.0.1/33", "x"):
        lab(usage, [{"name": "a", "ips": [ip]}], words=ip)
        lab(usage, wires=[{"a": {"node": "a", "ifname": "e", "ips": [ip]}, "b": {"node": "b", "ifname": "e"}}], words=ip)
    for dst, via in (("224.0.0.0/4", "10.0.0.1"), ("10.0.0.0/8", "0.0.0.0"), ("10.0.0.0/8", "::1"), ("10.0.0.1/8", "10.0.0.2"),
                     ("10.0.0.0/8", "224.0.0.1"), ("0/0", "10.0.0.1"), ("::/0", "ff02::1")):
        lab(usage, [{"name": "a", "routes": [{"dst": dst, "via": via}]}], words=dst)
    def ends(node_a="a", node_b="b", name_a="e", name_b="e", **rest):
        return [dict({"a": {"node": node_a, "ifname": name_a}, "b": {"node": node_b, "ifname": name_b}}, **rest)]
    lab(usage, wires=ends(mtu=67), words="MTU")
    lab(usage, wires=ends(mtu=1279), words="MTU")
    lab(usage, wires=ends(node_b="c"), words="ends at a node that the lab has not")
    lab(usage, wires=ends(node_b="a", name_b="f"), words="two different stacks")
    lab("InvalidName", wires=ends(name_a="lo"))
    lab("NameTaken", wires=ends() + ends(), words="has an interface of this name already")
    lab("NameTaken", [{"name": "a"}, {"name": "a"}])
    lab("InvalidName", [{"name": "a/b"}])
    lab(usage, wires=[{"a": {"node": "a", "ifname": "e", "mac": "01:00:00:00:00:01"}, "b": {"node": "b", "ifname": "e"}}],
        words="unicast")
    # the kernel's own refusal: its text, and nothing is left
    lab("KernelFailure", [{"name": "a", "routes": [{"dst": "10.9.0.0/16", "via": "10.0.0.1"}]}])
    with Moat() as moat:
        assert moat.call("LabList")["labs"] == []
        assert moat.call("Check")["differences"] == []


def test_depth():
    deep = b'{"method":"io.moat.TenantShow","parameters":' + b'{"name":' * 60000 + b"1" + b"}" * 60000 + b"}\0"
    assert error_of(deep) is None
    alive()
    assert error_of(b"[" * 1000000 + b"\0") is None
    alive()
    # longer than any message may be: dropped before it has come whole
    with connect() as sock:
        try:
            for _ in range(100):
                sock.sendall(b"x" * (1 << 20))
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            raise AssertionError("100 MiB without an end were taken")
    alive()


def test_halves():
    raw = message("Version")
    with connect() as sock:
        for i in range(len(raw)):
            sock.sendall(raw[i:i + 1])
        assert replies(sock, 1)[0]["parameters"]["interface"] == "io.moat"
        sock.sendall(raw[:10])
        alive()
        sock.sendall(raw[10:] + raw[:20])
        replies(sock, 1)
        sock.sendall(raw[20:])
        replies(sock, 1)
    with connect() as sock:     # half a message, then gone
        sock.sendall(raw[:-3])
    with connect() as sock:     # half-closed: the answer still comes
        sock.sendall(raw)
        sock.shutdown(socket.SHUT_WR)
        try:
            replies(sock, 1)
        except EOFError:
            pass
    alive()


def test_pipeline():
    """Many calls in one write are answered in order, however slow the first is; none needs a stack frame of its own."""
    with connect(60) as sock:
        names = ["p%d" % i for i in range(20)]
        sock.sendall(b"".join(message("TenantCreate", name=n) + message("TenantShow", name=n) + message("TenantDelete", name=n)
                              for n in names))
        got = replies(sock, 60)
        for i, name in enumerate(names):
            assert got[3 * i]["parameters"]["tenant"]["name"] == name, got[3 * i]
            assert got[3 * i + 1]["parameters"]["tenant"]["name"] == name, got[3 * i + 1]
            assert "error" not in got[3 * i + 2], got[3 * i + 2]
    with connect(60) as sock:
        count = 100000
        sock.sendall(message("Check"))
        raw = b'{"method":"io.moat.Nix"}\0' * count
        child = os.fork()
        if child == 0:
            sock.sendall(raw)
            os._exit(0)
        got = 0
        while got < count + 1:
            part = sock.recv(1 << 20)
            assert part, "closed after %d of %d" % (got, count + 1)
            got += part.count(b"\0")
        assert os.waitpid(child, 0)[1] == 0
    alive()


def engine_rss():
    pid, = [p for p in os.listdir("/proc") if p.isdigit() and open("/proc/%s/comm" % p).read().strip() == "moatd-engine"]
    with open("/proc/%s/status" % pid) as file:
        return pid, int([line.split()[1] for line in file if line.startswith("VmRSS")][0])


def test_deaf():
    """Clients that send and never read, or listen to events and never read, are dropped, and cost others nothing."""
    pid, before = engine_rss()
    deaf = [connect(10) for _ in range(4)]
    listener = connect()
    listener.sendall(b'{"method":"io.moat.Events","more":true}\0')
    raw = b'{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.moat"}}\0' * 2000
    dropped = 0
    for sock in deaf:
        try:
            for _ in range(60):
                sock.sendall(raw)
        except (BrokenPipeError, ConnectionResetError):
            dropped += 1
        alive()
        assert engine_rss()[1] < before + 40 * 1024, "%d KiB before, now %d" % (before, engine_rss()[1])
    assert dropped == len(deaf), "%d of %d were dropped" % (dropped, len(deaf))
    # one that takes its time gets all it asked for
    with connect(60) as slow:
        slow.sendall(raw[:len(raw) // 4])
        time.sleep(0.5)
        got = 0
        while got < 500:
            got += slow.recv(1 << 16).count(b"\0")
    for i in range(50):
        with Moat(timeout=5) as moat:
            moat.call("TenantCreate", name="deaf")
            moat.call("TenantDelete", name="deaf")
    time.sleep(0.3)
    for sock in deaf:
        sock.close()
    again, after = engine_rss()
    assert again == pid, "the engine is another one"
    assert after < before + 40 * 1024, "%d KiB before, %d after" % (before, after)


def test_idle():
    """More idle connections than one user may have: root still gets in."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, max(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    script = ("import os,socket,sys,time\nos.setgid(%d);os.setuid(%d)\nheld=[]\n"
              "for i in range(1500):\n s=socket.socket(socket.AF_UNIX);s.settimeout(5)\n"
              " try: s.connect(os.environ['MOAT_SOCKET'])\n except OSError: break\n held.append(s)\n"
              "print('held',flush=True)\nsys.stdin.read()\n" % (NOBODY, NOBODY))
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"held\n"
    start = time.monotonic()
    for _ in range(20):
        alive()
    assert time.monotonic() - start < 5
    child.communicate(b"")
    # and root's own
    held = [connect() for _ in range(300)]
    alive()
    for sock in held:
        sock.close()
    alive()


def test_descriptors():
    """What is no network namespace, the host's own, another tenant's, none, too many."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    uts = os.open("/proc/self/ns/uts", os.O_RDONLY)
    null = os.open("/dev/null", os.O_RDONLY)
    folder = os.open("/", os.O_RDONLY)
    pair = socket.socketpair()
    want = dict(network="red/web", name="fd", netnsFd=0)
    refused("PermissionDenied", "EndpointAttach", "host's own network namespace", [own], **want)
    for fd in (uts, null, folder, pair[0].fileno()):
        refused("InvalidParameter", "EndpointAttach", "not a network namespace", [fd], **want)
        refused("InvalidParameter", "StackCreate", "not a network namespace", [fd], name="red/fd", netnsFd=0)
    refused("PermissionDenied", "StackCreate", "host's own network namespace", [own], name="red/fd", netnsFd=0)
    foreign = os.open("/run/netns/taken", os.O_RDONLY)
    refused("PermissionDenied", "EndpointAttach", "another tenant", [foreign], network="blue/web", name="thief", netnsFd=0)
    refused("Conflict", "EndpointAttach", "red/taken", [foreign], network="red/web", name="other", netnsFd=0)
    refused("PermissionDenied", "StackCreate", "another tenant", [foreign], name="blue/thief", netnsFd=0)
    refused("Conflict", "StackCreate", "red/taken", [foreign], name="red/other", netnsFd=0)
    with Moat() as moat:
        router = os.open(moat.call("TenantShow", name="red")["tenant"]["routerNetns"], os.O_RDONLY)
    refused("Conflict", "EndpointAttach", "known already as router:", [router], **want)
    with Moat() as moat:
        bare = os.open(moat.call("StackShow", name="red/a")["stack"]["netnsPath"], os.O_RDONLY)
    refused("Conflict", "EndpointAttach", "known already as stack:", [bare], network="blue/web", name="thief", netnsFd=0)
    # descriptors that nobody asked for are closed, call after call
    pid = engine_rss()[0]
    before = len(os.listdir("/proc/%s/fd" % pid))
    with Moat() as moat:
        for _ in range(200):
            moat.send("Version", {}, [null] * 10)
            moat.receive()
        for _ in range(50):
            try:
                moat.send("EndpointAttach", want, [null, own])
                moat.receive()
            except MoatError:
                pass
    time.sleep(0.2)
    after = len(os.listdir("/proc/%s/fd" % pid))
    assert after <= before + 1, "descriptors: %d, then %d" % (before, after)
    with connect() as sock:     # more than may wait
        try:
            for _ in range(8):
                sock.sendmsg([b'{"method":'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * 16))])
                time.sleep(0.01)
            sock.recv(10)
        except (BrokenPipeError, ConnectionResetError):
            pass
    alive()


def test_pending():
    """Attaches to a stack that is just being made, and whose making fails."""
    for round_ in range(20):
        first, second, third = connect(), connect(), connect()
        # 7000 is listened to: the hand refuses the first
        first.sendall(message("EndpointAttach", network="red/web", name="pend", create=True, publish=["7000:80"]))
        second.sendall(message("EndpointAttach", network="red/web", name="pend", ifname="eth1"))
        third.sendall(message("StackDelete", name="red/pend"))
        assert replies(first, 1)[0]["error"] == "io.moat.PortTaken"
        assert replies(second, 1)[0]["error"] == "io.moat.NoSuchObject"
        assert "error" not in replies(third, 1)[0]
        for sock in (first, second, third):
            sock.close()
    # tenant, network and endpoint, all sent before any is answered
    socks = [connect() for _ in range(6)]
    socks[0].sendall(message("TenantCreate", name="quick"))
    socks[1].sendall(message("NetworkCreate", name="quick/web", subnets=["10.0.0.0/24"]))
    socks[2].sendall(message("EndpointAttach", network="quick/web", name="w", create=True))
    socks[3].sendall(message("EndpointAttach", network="quick/web", name="w", ifname="eth1"))
    socks[4].sendall(message("Publish", name="quick/w:eth0", publish=["7001:1"]))
    got = [replies(sock, 1)[0] for sock in socks[:4]]
    assert all("error" not in reply for reply in got), got
    replies(socks[4], 1)
    socks[5].sendall(message("TenantDelete", name="quick", force=True))
    assert "error" not in replies(socks[5], 1)[0]
    with Moat() as moat:
        assert moat.call("Check")["differences"] == []


def test_gone():
    """Clients that leave before the answer: the work is done all the same."""
    for i in range(30):
        sock = connect()
        sock.sendall(message("EndpointAttach", network="red/web", name="gone%d" % i, create=True))
        sock.close()
    deadline = time.monotonic() + 10
    with Moat() as moat:
        while len([e for e in moat.call("EndpointList", tenant="red")["endpoints"] if "/gone" in e["name"]]) < 30:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for i in range(30):
            moat.call("StackDelete", name="red/gone%d" % i, strict=True)
        assert moat.call("Check")["differences"] == []


def test_request():
    """The same requestId: the same answer; of another tenant: another request, and nothing told."""
    with Moat() as moat:
        want = dict(network="red/web", name="again", create=True, requestId="r1")
        first = moat.call("EndpointAttach", **want)["endpoint"]
        assert moat.call("EndpointAttach", **want)["endpoint"] == first
        other = moat.call("EndpointAttach", network="blue/web", name="again", create=True, requestId="r1")["endpoint"]
        assert other["id"] != first["id"] and other["name"] == "blue/again:eth0", other
        moat.call("StackDelete", name="blue/again")
        moat.call("StackDelete", name="red/again")
        again = moat.call("EndpointAttach", **want)["endpoint"]
        assert again["id"] != first["id"]
        moat.call("StackDelete", name="red/again")

        want = dict(name="red/once", requestId="r1")
        first = moat.call("StackCreate", **want)["stack"]
        assert moat.call("StackCreate", **want)["stack"] == first
        assert moat.call("StackCreate", **want, dryRun=True)["stack"] == first
        other = moat.call("StackCreate", name="blue/once", requestId="r1")["stack"]
        assert other["id"] != first["id"] and other["name"] == "blue/once", other
        refused("NameTaken", "StackCreate", "exists already", name="red/once", requestId="r2")
        moat.call("StackDelete", name="blue/once")
        moat.call("StackDelete", name="red/once")
        again = moat.call("StackCreate", **want)["stack"]
        assert again["id"] != first["id"]
        moat.call("StackDelete", name="red/once")
        # a plan alone is no stack: the id is free
        assert moat.call("StackCreate", **want, dryRun=True)["plan"]
        held = os.open("/run/netns/free", os.O_RDONLY)
        first = moat.call("StackCreate", [held], name="red/once", netnsFd=0, requestId="r3")["stack"]
        assert first["kind"] == "container", first
        assert moat.call("StackCreate", [held], name="red/once", netnsFd=0, requestId="r3")["stack"] == first
        os.close(held)
        # only what that request made: another's of that name stays
        moat.call("StackDelete", name="red/once", requestId="r1")
        refused("NoSuchObject", "StackDelete", "no stack", name="red/once", requestId="r1", strict=True)
        refused("NoSuchObject", "StackDelete", "no stack", name="blue/b", requestId="r3", strict=True)
        moat.call("StackDelete", name="red/once", requestId="r3", strict=True)
        moat.call("EndpointAttach", network="red/web", name="again", create=True, requestId="r4")
        moat.call("StackDelete", name="red/again", requestId="r1")
        assert moat.call("StackShow", name="red/again")["stack"]["endpoints"]
        moat.call("StackDelete", name="red/again", requestId="r4", strict=True)
        assert moat.call("Check")["differences"] == []


def test_request_lost():
    """Who leaves before the answer and asks again has one stack, and what it is told is that one."""
    for i in range(20):
        sock = connect()
        sock.sendall(message("StackCreate", name="red/lost%d" % i, requestId="lost-%d" % i))
        sock.close()
        with Moat() as moat:
            first = moat.call("StackCreate", name="red/lost%d" % i, requestId="lost-%d" % i)["stack"]
            assert first == moat.call("StackShow", name="red/lost%d" % i)["stack"], first
            moat.call("StackDelete", name="red/lost%d" % i, strict=True)


def test_users():
    """uid 4242 has tenant red delegated; 65534 is in no group."""
    script = ("import os,sys,json,encodings.idna\nsys.path.insert(0,%r)\nfrom moatsock import Moat,MoatError\n"
              "os.setgroups([]);os.setgid(%d);os.setuid(%d)\nm=Moat()\nfor line in json.loads(sys.argv[1]):\n"
              " try: print(json.dumps(['ok',m.call(line[0],**line[1])]))\n"
              " except MoatError as e: print(json.dumps([e.code,str(e)]))\n")

    def run_as(uid, *calls):
        out = subprocess.run([sys.executable, "-c", script % (os.path.join(HERE, "..", "..", "lib"), uid, uid), json.dumps(calls)],
                             capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in out.splitlines()]

    everything = [("TenantList", {}), ("TenantShow", {"name": "red"}), ("NetworkList", {}), ("NetworkShow", {"name": "red/web"}),
                  ("EndpointList", {}), ("EndpointShow", {"name": "red/a"}), ("StackList", {}), ("StackShow", {"name": "red/a"}),
                  ("PublishList", {}), ("LabList", {}), ("LabShow", {"name": "red"}), ("Check", {}), ("Doctor", {}),
                  ("TenantCreate", {"name": "mine"}), ("TenantDelete", {"name": "red", "force": True}),
                  ("TenantSet", {"name": "red", "delegate": "root"}), ("NetworkCreate", {"name": "red/x"}),
                  ("NetworkDelete", {"name": "red/web", "force": True}), ("EndpointDetach", {"name": "red/a"}),
                  ("EndpointAttach", {"network": "red/web", "name": "x", "create": True}), ("StackDelete", {"name": "red/a"}),
                  ("StackOpen", {"name": "red/a"}), ("StackCreate", {"name": "red/x"}),
                  ("Publish", {"name": "red/a", "publish": ["9000:1"]}), ("Unpublish", {"name": "red/a", "publish": ["8080:80"]}),
                  ("LabUp", {"name": "lab", "nodes": [{"name": "a"}], "wires": []}), ("LabDown", {"name": "red"}),
                  ("EndpointShow", {"name": "nix/a"}), ("NetworkShow", {"name": "nix/a"}), ("TenantShow", {"name": "nix"}),
                  ("Publish", {"name": "nix/a", "publish": ["9000:1"]}), ("EndpointList", {"tenant": "red"})]
    for call, got in zip(everything, run_as(NOBODY, *everything)):
        assert got[0] == "PermissionDenied", "%s: %s" % (call, got)
        assert "only root, the members of the admin group and" in got[1], got
    assert run_as(NOBODY, ("Version", {}))[0][0] == "ok"

    mine = run_as(ALICE, ("TenantList", {}), ("NetworkList", {}), ("EndpointList", {}), ("StackList", {}), ("PublishList", {}))
    for (status, reply), key in zip(mine, ("tenants", "networks", "endpoints", "stacks", "ports")):
        assert status == "ok" and reply[key], (key, reply)
        for row in reply[key]:
            assert row.get("endpoint", row.get("name")).split("/")[0] == "red", row
    good = run_as(ALICE, ("NetworkCreate", {"name": "red/mine", "subnets": ["10.44.0.0/24"]}),
                  ("EndpointAttach", {"network": "red/mine", "name": "m", "create": True, "publish": ["9000:80"]}),
                  ("Publish", {"name": "red/m", "publish": ["9001:81"]}), ("Unpublish", {"name": "red/m", "publish": ["9001:81"]}),
                  ("Check", {"tenant": "red"}), ("EndpointDetach", {"name": "red/m"}), ("NetworkDelete", {"name": "red/mine"}))
    assert all(got[0] == "ok" for got in good), good
    bad = [("TenantShow", {"name": "blue"}), ("NetworkCreate", {"name": "blue/x"}), ("TenantCreate", {"name": "mine"}),
           ("TenantSet", {"name": "red", "quota": {"endpoints": 1000}}), ("TenantDelete", {"name": "red", "force": True}),
           ("EndpointAttach", {"network": "blue/web", "name": "x", "create": True}), ("EndpointDetach", {"name": "blue/b"}),
           ("NetworkDelete", {"name": "blue/web", "force": True}), ("Publish", {"name": "red/a", "publish": ["1023:80"]}),
           ("EndpointAttach", {"network": "red/web", "name": "x", "create": True, "publish": ["80:80"]}),
           ("EndpointAttach", {"network": "red/web", "name": "blue/b", "create": True}), ("Check", {}), ("Check", {"tenant": "blue"}),
           ("Doctor", {}), ("StackOpen", {"name": "red/a"}), ("NetworkCreate", {"name": "red/g", "guard": False}),
           ("EndpointAttach", {"network": "red/web", "name": "x", "netnsPath": "/run/netns/free"}),
           ("LabUp", {"name": "lab", "nodes": [{"name": "a"}], "wires": []})]
    for call, got in zip(bad, run_as(ALICE, *bad)):
        assert got[0] == "PermissionDenied", "%s: %s" % (call, got)


def main():
    globals()["test_" + sys.argv[1]]()


main()
