#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cni_test - the CNI plugin as a runtime calls it, before a daemon that answers what each test wants.

The real daemon's part is tests/netns/cni/cni.sh. Environment: MOAT_BIN_DIR.
"""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[3]
PLUGIN = pathlib.Path(os.environ.get("MOAT_BIN_DIR", TOP / "build/bin")) / "cni/moat"
ID = "3f2a9c71d04be8556a90c1b7e2d4f6088812ab34cd56ef7890ab12cd34ef5678"
STACK = "cni-" + ID[:40] + "-"  # and a hash of the whole
NETWORK = {"name": "default/web", "id": "0123456789ab", "mode": "bridge", "subnets": ["10.1.0.0/16", "fd00:1::/64"],
           "gateways": ["10.1.0.1", "fd00:1::1"], "mtu": 1500, "guard": True, "masquerade": True, "internal": False,
           "endpoints": 1, "bridge": "mb0123456789ab"}
ENDPOINT = {"name": "default/x:eth0", "id": "0123456789ac", "stack": "default/x", "ifname": "eth0",
            "mac": "02:00:00:00:00:07", "ips": ["10.1.0.7", "fd00:1::7"], "gateways": ["10.1.0.1", "fd00:1::1"],
            "network": "default/web", "mtu": 1450, "publish": [], "hostIfname": "mp0123456789ac", "netnsPath": None,
            "state": "up", "guard": True}
VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
CONF = {"cniVersion": "1.0.0", "name": "web", "type": "moat"}
FINE = [{"method": "NetworkShow", "reply": {"network": NETWORK}},
        {"method": "EndpointAttach", "reply": {"endpoint": ENDPOINT}},
        {"method": "EndpointDetach", "reply": {}}]


def not_found(method, **match):
    return {"method": method, "match": match, "error": "io.moat.NoSuchObject",
            "parameters": {"message": "there is none", "object": "default/web"}}


class Result:
    def __init__(self, done):
        self.status, self.text, self.errors = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.doc = json.loads(self.text) if self.text else None


class Case(unittest.TestCase):
    netns_holder = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        command = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
        cls.netns_holder = subprocess.Popen(command + ["sleep", "600"])
        cls.netns = f"/proc/{cls.netns_holder.pid}/ns/net"
        for _ in range(3000):
            if cls.netns_holder.poll() is not None:
                raise unittest.SkipTest("no network namespace can be made here")
            if os.readlink(cls.netns) != os.readlink("/proc/self/ns/net"):
                return
            time.sleep(0.01)
        raise RuntimeError("unshare does not")

    @classmethod
    def tearDownClass(cls):
        if cls.netns_holder:
            cls.netns_holder.kill()
            cls.netns_holder.wait()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="moat-cni-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = self.folder / "state"
        self.journal = self.state / "cni"
        self.socket = self.folder / "s"
        self.daemon = None
        self.starts = 0
        self.addCleanup(self.stop)

    def start(self, rules):
        """a daemon with these answers, whose log is empty; the same process with others where there is one"""
        self.starts += 1
        (self.folder / "new").write_text(json.dumps(rules) + " " * self.starts)
        (self.folder / "new").rename(self.folder / "replies")
        (self.folder / "log").write_text("")
        if self.daemon:
            return
        self.daemon = subprocess.Popen([sys.executable, "-B", TOP / "tests/conformance/fake_moatd.py", self.socket,
                                        self.folder / "replies", self.folder / "log"])
        for _ in range(3000):
            if self.socket.exists():
                return
            time.sleep(0.01)
        raise RuntimeError("the fake daemon does not start")

    def stop(self):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
            self.daemon = None
            self.socket.unlink()

    def calls(self):
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]

    def run_plugin(self, command, conf=None, stdin=None, **env):
        given = {"CNI_CONTAINERID": ID, "CNI_NETNS": self.netns, "CNI_IFNAME": "eth0", "CNI_PATH": "/none",
                 "MOAT_SOCKET": str(self.socket), "MOAT_STATE_DIR": str(self.state), **env}
        if command is not None:
            given["CNI_COMMAND"] = command
        given = {key: value for key, value in given.items() if value is not None}
        if stdin is None:
            stdin = json.dumps(CONF if conf is None else conf).encode()
        return Result(subprocess.run([PLUGIN], input=stdin, env=given, capture_output=True, timeout=30, check=False))

    def conf(self, **more):
        return {**CONF, **more}

    def refused(self, result, code, *parts):
        self.assertNotEqual(result.status, 0, result.text)
        self.assertEqual(result.doc["code"], code, result.text)
        self.assertIn("cniVersion", result.doc)
        for part in parts:
            self.assertIn(part, result.doc["msg"])

    def add(self, **conf):
        result = self.run_plugin("ADD", self.conf(**conf))
        self.assertEqual(result.status, 0, result.text)
        return result.doc

    def asked(self, method):
        found = [call["parameters"] for call in self.calls() if call["method"] == method]
        self.assertEqual(len(found), 1, f"{method}: {found}")
        return found[0]


class Version(Case):
    def test_version(self):
        for stdin, version in ((b"", "1.1.0"), (b"nonsense", "1.1.0"), (b"{}", "1.1.0"),
                               (b'{"cniVersion":"0.4.0"}', "0.4.0"), (b'{"cniVersion":"1.0.0"}', "1.0.0")):
            result = self.run_plugin("VERSION", stdin=stdin, CNI_CONTAINERID="", CNI_NETNS="dummy", CNI_IFNAME="dummy")
            self.assertEqual(result.status, 0)
            self.assertEqual(result.doc, {"cniVersion": version, "supportedVersions": VERSIONS})

    def test_no_command(self):
        result = self.run_plugin(None, stdin=b"")
        self.assertEqual((result.status, result.text), (0, ""))
        self.assertIn("1.0.0 1.1.0", result.errors)

    def test_other_verbs(self):
        self.refused(self.run_plugin("add"), 4, "CNI_COMMAND", "add")
        self.refused(self.run_plugin("REMOVE"), 4, "REMOVE")

    def test_versions_of_the_specification(self):
        for version in ("0.0.9", "0.3.2", "1.2.0", "2.0.0", "x"):
            self.refused(self.run_plugin("ADD", self.conf(cniVersion=version)), 1, version, "1.0.0 1.1.0")


class Add(Case):
    def test_result(self):
        self.start(FINE)
        doc = self.add()
        self.assertEqual(doc, {
            "cniVersion": "1.0.0",
            "interfaces": [{"name": "mp0123456789ac"},
                           {"name": "eth0", "mac": "02:00:00:00:00:07", "sandbox": self.netns}],
            "ips": [{"address": "10.1.0.7/16", "gateway": "10.1.0.1", "interface": 1},
                    {"address": "fd00:1::7/64", "gateway": "fd00:1::1", "interface": 1}],
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}, {"dst": "::/0", "gw": "fd00:1::1"}]})
        doc = self.run_plugin("ADD", self.conf(cniVersion="1.1.0")).doc
        self.assertEqual(doc["cniVersion"], "1.1.0")
        self.assertEqual(doc["interfaces"][1]["mtu"], 1450)

    def test_result_without_host_side_v4_alone(self):
        endpoint = {**ENDPOINT, "hostIfname": None, "ips": ["10.1.0.7/24"], "gateways": ["10.1.0.1"]}
        self.start([FINE[0], {"method": "EndpointAttach", "reply": {"endpoint": endpoint}}])
        doc = self.add(dns={"nameservers": ["10.1.0.1"], "domain": "x", "search": [], "options": ["ndots:1"]},
                       runtimeConfig={"dns": {"searches": ["y"]}})
        self.assertEqual(doc["interfaces"], [{"name": "eth0", "mac": "02:00:00:00:00:07", "sandbox": self.netns}])
        self.assertEqual(doc["ips"], [{"address": "10.1.0.7/24", "gateway": "10.1.0.1", "interface": 0}])
        self.assertEqual(doc["routes"], [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}])
        self.assertEqual(doc["dns"], {"nameservers": ["10.1.0.1"], "domain": "x", "options": ["ndots:1"], "search": ["y"]})

    def test_request(self):
        self.start(FINE)
        result = self.run_plugin("ADD", CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pod;X=y")
        self.assertEqual(result.status, 0, result.text)
        self.assertEqual(self.asked("NetworkShow"), {"name": "default/web"})
        asked = self.asked("EndpointAttach")
        self.assertTrue(asked.pop("name").startswith("default/" + STACK))
        self.assertRegex(asked.pop("requestId"), "^cni-[0-9a-f]{32}$")
        self.assertEqual(asked, {
            "network": "default/web", "netnsFd": 0, "ifname": "eth0",
            "labels": {"cni.containerId": ID, "cni.network": "web", "cni.ifname": "eth0", "cni.netns": self.netns,
                       "K8S_POD_NAMESPACE": "ns", "K8S_POD_NAME": "pod"}})
        info = os.stat(self.netns)
        self.assertEqual([call["fds"] for call in self.calls() if call["method"] == "EndpointAttach"],
                         [[[info.st_dev, info.st_ino]]])

    def test_tenant_and_network(self):
        self.start(FINE)
        self.add(tenant="red", network="front")
        self.assertEqual(self.asked("NetworkShow"), {"name": "red/front"})
        self.assertEqual(self.asked("EndpointAttach")["network"], "red/front")
        self.assertEqual(self.asked("EndpointAttach")["labels"]["cni.network"], "web")
        self.assertTrue(self.asked("EndpointAttach")["name"].startswith("red/cni-"))

    def test_socket_of_the_configuration(self):
        self.start(FINE)
        result = self.run_plugin("ADD", self.conf(socket=str(self.socket)), MOAT_SOCKET=None)
        self.assertEqual(result.status, 0, result.text)

    def test_first_use_makes_tenant_and_network(self):
        self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {"name": "red"}}},
                    {"method": "NetworkCreate", "reply": {"network": NETWORK}}, FINE[1]])
        self.add(tenant="red", mtu=1400, ipMasq=False, mode="bridge", hostAccess=True)
        self.assertEqual([call["method"] for call in self.calls()],
                         ["NetworkShow", "TenantCreate", "NetworkCreate", "EndpointAttach"])
        self.assertEqual(self.asked("TenantCreate"), {"name": "red"})
        self.assertEqual(self.asked("NetworkCreate"), {"name": "red/web", "mtu": 1400, "masquerade": False,
                                                       "mode": "bridge", "hostAccess": True})
        self.assertEqual(self.asked("EndpointAttach")["mtu"], 1400)

    def test_first_use_twice_at_once(self):
        taken = {"error": "io.moat.NameTaken", "parameters": {"message": "m", "object": "o"}}
        self.start([{**not_found("NetworkShow"), "times": 1}, {"method": "TenantCreate", **taken},
                    {"method": "NetworkCreate", **taken}, *FINE])
        self.add()
        self.assertEqual([call["method"] for call in self.calls()],
                         ["NetworkShow", "TenantCreate", "NetworkCreate", "NetworkShow", "EndpointAttach"])

    def test_aliases(self):
        """as the specification has them, and as podman says them"""
        for aliases, wanted in ((["a", "b"], ["a", "b"]), ({"web": ["a"], "other": ["b"]}, ["a"]), ({"other": ["b"]}, None), ([], None)):
            with self.subTest(aliases=aliases):
                self.start(FINE)
                self.add(runtimeConfig={"aliases": aliases})
                self.assertEqual(self.asked("EndpointAttach").get("aliases"), wanted)

    def test_bandwidth(self):
        """keys of the capability, in any case, and those of the bandwidth plugin itself; a burst that means none is none"""
        def bits(*numbers):
            return dict(zip(("ingressRateBits", "ingressBurstBits", "egressRateBits", "egressBurstBits"), numbers))
        for conf, wanted in (
                ({"runtimeConfig": {"bandwidth": {"ingressRate": 10 ** 7, "ingressBurst": 4000, "egressRate": 5, "egressBurst": 6}}},
                 bits(10 ** 7, 4000, 5, 6)),
                ({"runtimeConfig": {"bandwidth": {"IngressRate": 10 ** 7, "IngressBurst": 2 ** 32 - 1}}}, bits(10 ** 7, 0, 0, 0)),
                ({"ingressRate": 1, "ingressBurst": 2, "egressRate": 3, "egressBurst": 2 ** 31 - 1}, bits(1, 2, 3, 0)),
                ({"ingressRate": 1, "runtimeConfig": {"bandwidth": {"egressRate": 7}}}, bits(0, 0, 7, 0)),
                ({"runtimeConfig": {"bandwidth": {"ingressRate": 0, "ingressBurst": 8}}}, None),
                ({"runtimeConfig": {"bandwidth": None}}, None), ({}, None)):
            with self.subTest(conf=conf):
                self.start(FINE)
                self.add(**conf)
                self.assertEqual(self.asked("EndpointAttach").get("bandwidth"), wanted)

    def test_stock_bridge_configuration(self):
        """podman's own, with another type"""
        self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {"name": "default"}}},
                    {"method": "NetworkCreate", "reply": {"network": NETWORK}}, FINE[1]])
        doc = self.add(bridge="cni-podman0", isGateway=True, ipMasq=True, hairpinMode=True, promiscMode=False, vlan=0,
                       ipam={"type": "host-local", "dataDir": "/x", "routes": [{"dst": "0.0.0.0/0"}],
                             "ranges": [[{"subnet": "10.1.7.7/16", "gateway": "10.1.0.1"}], [{"subnet": "fd00:1::/64"}]]})
        self.assertEqual(self.asked("NetworkCreate"), {"name": "default/web", "masquerade": True, "gateways": ["10.1.0.1"],
                                                       "subnets": ["10.1.0.0/16", "fd00:1::/64"]})
        self.assertNotIn("defaultRoute", self.asked("EndpointAttach"))
        self.assertEqual(doc["routes"][0]["dst"], "0.0.0.0/0")

    def test_ranges(self):
        """what is not in a range is excluded"""
        for ipam, wanted in (
                ({"subnet": "10.1.0.0/16", "rangeStart": "10.1.0.50", "rangeEnd": "10.1.1.255"},
                 ["10.1.0.0-10.1.0.49", "10.1.2.0-10.1.255.255"]),
                ({"subnet": "10.1.0.0/16", "rangeEnd": "10.1.0.9"}, ["10.1.0.10-10.1.255.255"]),
                ({"ranges": [[{"subnet": "fd00:1::/64", "rangeStart": "fd00:1::1:0"}]]}, ["fd00:1::-fd00:1::ffff"]),
                ({"subnet": "10.1.0.0/16", "rangeStart": "10.1.0.0", "rangeEnd": "10.1.255.255"}, None),
                ({"subnet": "10.1.0.0/16", "exclude": ["10.1.9.0/24"]}, ["10.1.9.0/24"])):
            with self.subTest(ipam=ipam):
                self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
                            {"method": "NetworkCreate", "reply": {"network": NETWORK}}, FINE[1]])
                self.add(ipam=ipam)
                self.assertEqual(self.asked("NetworkCreate").get("exclude"), wanted)

    def test_ranges_of_the_runtime(self):
        """the capability ipRanges: before those of the configuration"""
        for ipam, subnets in (({"type": "host-local", "subnet": "10.1.0.0/16"}, ["10.7.0.0/24", "10.1.0.0/16"]), ({"type": "host-local"}, ["10.7.0.0/24"])):
            self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
                        {"method": "NetworkCreate", "reply": {"network": NETWORK}}, FINE[1]])
            self.add(ipam=ipam, runtimeConfig={"IPRanges": [[{"subnet": "10.7.0.0/24", "gateway": "10.7.0.9", "rangeStart": "10.7.0.1"}]]})
            self.assertEqual((self.asked("NetworkCreate")["subnets"], self.asked("NetworkCreate")["gateways"]), (subnets, ["10.7.0.9"]))
        self.refused(self.run_plugin("ADD", self.conf(runtimeConfig={"ipRanges": [7]})), 6, "arrays")

    def test_stock_defaults(self):
        for conf, masquerade, route in (
                ({"ipam": {"type": "host-local", "subnet": "10.1.0.0/16"}}, False, False),
                ({"ipam": {"type": "host-local", "subnet": "10.1.0.0/16"}, "isDefaultGateway": True}, False, True),
                ({"bridge": "br0", "ipam": {"subnet": "10.1.0.0/16"}}, False, False),
                ({"bridge": "br0", "ipam": {"subnet": "10.1.0.0/16"}, "ipMasq": True, "isDefaultGateway": True}, True, True),
                *(({"bridge": "br0", "ipam": {"subnet": "10.1.0.0/16"}, "ipMasq": True, "ipMasqBackend": backend}, True, False)
                  for backend in ("", "iptables", "nftables")),
                ({"dns": {}}, None, None),  # the daemon's choice: the first of a stack has it
                ({"isDefaultGateway": False}, None, False)):
            with self.subTest(conf=conf):
                self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
                            {"method": "NetworkCreate", "reply": {"network": NETWORK}}, FINE[1]])
                doc = self.add(**conf)
                self.assertEqual(self.asked("NetworkCreate").get("masquerade"), masquerade)
                self.assertEqual(self.asked("EndpointAttach").get("defaultRoute"), route)
                self.assertEqual("routes" in doc, route is not False)

    def test_routes(self):
        """beside the default route, and instead of it; a next hop that is the network's gateway need not be said"""
        gateway = {"subnet": "10.1.0.0/16", "gateway": "10.1.0.1"}
        default, elsewhere = [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}, {"dst": "::/0", "gw": "fd00:1::1"}], {"dst": "10.9.0.0/16"}
        for routes, asked, told in (
                ([elsewhere], [elsewhere], [{"dst": "10.9.0.0/16", "gw": "10.1.0.1"}]),
                ([{**elsewhere, "gw": "10.1.0.1"}, {"dst": "0.0.0.0/0"}], [elsewhere], [*default, {"dst": "10.9.0.0/16", "gw": "10.1.0.1"}]),
                ([{**elsewhere, "gw": "10.1.0.9", "priority": 50}], [{**elsewhere, "via": "10.1.0.9", "metric": 50}],
                 [{**elsewhere, "gw": "10.1.0.9", "priority": 50}]),
                ([{**elsewhere, "mtu": 1400, "advmss": 1360}], [{**elsewhere, "mtu": 1400, "advmss": 1360}],
                 [{"dst": "10.9.0.0/16", "gw": "10.1.0.1", "mtu": 1400, "advmss": 1360}]),
                ([{"dst": "0.0.0.0/0", "advmss": 1300}], [{"dst": "0.0.0.0/0", "advmss": 1300}],
                 [default[1], {"dst": "0.0.0.0/0", "gw": "10.1.0.1", "advmss": 1300}]),
                ([{"dst": "0.0.0.0/0", "gw": "10.1.0.9", "scope": 0, "table": 254}], [{"dst": "0.0.0.0/0", "via": "10.1.0.9"}],
                 [default[1], {"dst": "0.0.0.0/0", "gw": "10.1.0.9"}])):
            with self.subTest(routes=routes):
                made = [{"dst": route["dst"], "via": route.get("via", "10.1.0.1"), "metric": route.get("metric"),
                         "mtu": route.get("mtu"), "advmss": route.get("advmss")} for route in asked]
                self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
                            {"method": "NetworkCreate", "reply": {"network": NETWORK}},
                            {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "routes": made}}}])
                doc = self.add(cniVersion="1.1.0", ipam={"type": "host-local", "ranges": [[gateway]], "routes": routes})
                self.assertEqual(self.asked("EndpointAttach")["routes"], asked)
                self.assertEqual(doc["routes"], told)

    def test_bare_port(self):
        """an empty ipam, and none at all where `bridge` is named, as that plugin has it"""
        bare = {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "ips": [], "gateways": []}}}
        for conf in ({"ipam": {}}, {"bridge": "br0"}, {"bridge": "br0", "ipam": {}}, {"ipam": {}, "mode": "l2"}):
            with self.subTest(conf=conf):
                self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
                            {"method": "NetworkCreate", "reply": {"network": {**NETWORK, "subnets": []}}}, bare])
                doc = self.add(**conf)
                self.assertEqual(self.asked("NetworkCreate")["mode"], "l2")
                self.assertEqual((doc["ips"], "routes" in doc), ([], False))

    def test_name_servers(self):
        """the network's own, unless others are asked for"""
        served = {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "dns": ["10.1.0.1"]}}}
        for conf, dns in (({}, {"nameservers": ["10.1.0.1"]}), ({"dns": {"nameservers": ["9.9.9.9"]}}, {"nameservers": ["9.9.9.9"]}),
                          ({"dns": {"search": ["x"]}}, {"search": ["x"], "nameservers": ["10.1.0.1"]})):
            self.start([FINE[0], served])
            self.assertEqual(self.add(**conf)["dns"], dns)
        self.start([not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
                    {"method": "NetworkCreate", "reply": {"network": NETWORK}}, FINE[1]])
        self.add(nameService=False)
        self.assertIs(self.asked("NetworkCreate")["dns"], False)

    def test_network_with_other_subnets(self):
        self.start(FINE)
        self.refused(self.run_plugin("ADD", self.conf(ipam={"type": "host-local", "subnet": "10.9.0.0/16"})), 7,
                     "10.9.0.0/16")
        self.assertEqual([call["method"] for call in self.calls()], ["NetworkShow"])

    def test_keys_in_any_case_and_doubles(self):
        self.start(FINE)
        stdin = (b'{"CNIVERSION":"1.0.0","Name":"old","NAME":"web","type":"moat","TENANT":"red","RuntimeConfig":{"PortMappings":'
                 b'[{"HostPort":8080,"ContainerPort":80,"Protocol":"TCP","HostIP":""}]},"mtu":1,"mtu":1400,"unknown":[]}')
        result = self.run_plugin("ADD", stdin=stdin)
        self.assertEqual(result.status, 0, result.text)
        asked = self.asked("EndpointAttach")
        self.assertEqual((asked["network"], asked["publish"], asked["mtu"]), ("red/web", ["8080:80/tcp"], 1400))

    def test_ports(self):
        for port, spec in (({"hostPort": 1, "containerPort": 65535}, "1:65535/tcp"),
                           ({"hostPort": 53, "containerPort": 53, "protocol": "udp"}, "53:53/udp"),
                           ({"hostPort": 53, "containerPort": 53, "protocol": "SCTP"}, "53:53/sctp"),
                           ({"hostPort": 80, "containerPort": 80, "hostIP": "127.0.0.1"}, "127.0.0.1:80:80/tcp"),
                           ({"hostPort": 80, "containerPort": 80, "hostIP": "::1", "x": 1}, "[::1]:80:80/tcp")):
            with self.subTest(port=port):
                self.start(FINE)
                self.add(runtimeConfig={"portMappings": [port]})
                self.assertEqual(self.asked("EndpointAttach")["publish"], [spec])

    def test_ports_that_follow_one_another_are_a_range(self):
        def ports(*rows):
            return [dict(zip(("hostPort", "containerPort", "protocol", "hostIP"), row)) for row in rows]
        for rows, specs in ((((80, 8080), (81, 8081), (82, 8082)), ["80-82:8080-8082/tcp"]),
                            (((80, 8080), (81, 8082)), ["80:8080/tcp", "81:8082/tcp"]),
                            (((80, 80), (81, 81, "udp"), (82, 82, "UDP"), (83, 83, "udp", "::1")),
                             ["80:80/tcp", "81-82:81-82/udp", "[::1]:83:83/udp"]),
                            (((80, 80, "tcp", "192.0.2.1"), (81, 81, "tcp", "192.0.2.1"), (83, 83)),
                             ["192.0.2.1:80-81:80-81/tcp", "83:83/tcp"]),
                            ([(20000 + i, 30000 + i) for i in range(10000)], ["20000-29999:30000-39999/tcp"])):
            self.start(FINE)
            self.add(runtimeConfig={"portMappings": ports(*rows)})
            self.assertEqual(self.asked("EndpointAttach")["publish"], specs)

    def test_addresses_asked_for(self):
        """runtimeConfig, then args.cni, then CNI_ARGS"""
        arguments = "IP=10.1.0.9/16,fd00:1::9;MAC=02:00:00:00:00:09"
        table = (
            ({}, None, None, None),
            ({}, arguments, ["10.1.0.9", "fd00:1::9"], "02:00:00:00:00:09"),
            ({"args": {"cni": {"ips": ["10.1.0.8"]}}}, arguments, ["10.1.0.8"], "02:00:00:00:00:09"),
            ({"args": {"cni": {"ips": ["10.1.0.8"], "mac": "02:00:00:00:00:08"}},
              "runtimeConfig": {"ips": ["10.1.0.6/16"], "mac": "02:00:00:00:00:06"}}, arguments, ["10.1.0.6"],
             "02:00:00:00:00:06"),
            ({"runtimeConfig": {"ips": [], "mac": ""}, "args": {}}, "IP=10.1.0.5", ["10.1.0.5"], None),
        )
        for conf, given, ips, mac in table:
            with self.subTest(conf=conf, args=given):
                self.start(FINE)
                result = self.run_plugin("ADD", self.conf(**conf), CNI_ARGS=given)
                self.assertEqual(result.status, 0, result.text)
                asked = self.asked("EndpointAttach")
                self.assertEqual((asked.get("ips"), asked.get("mac")), (ips, mac))

    def test_stack_names(self):
        names = {}
        for number, container in enumerate(("a", "x" * 40, "x" * 41, "x" * 42, ID, ID[:-1] + "0", "default-c1.2_3")):
            self.start(FINE)
            result = self.run_plugin("ADD", CNI_CONTAINERID=container)
            self.assertEqual(result.status, 0, result.text)
            name = self.asked("EndpointAttach")["name"]
            self.assertRegex(name, r"^default/cni-[A-Za-z0-9][A-Za-z0-9_.-]{0,123}$")
            self.assertEqual(self.asked("EndpointAttach")["labels"]["cni.containerId"], container)
            self.run_plugin("DEL", CNI_CONTAINERID=container, CNI_NETNS=None)
            self.assertEqual(self.asked("EndpointDetach"), {"name": name + ":eth0"})
            names[name] = number
        self.assertEqual(len(names), 7)
        self.assertIn("default/cni-a", names)

    def test_wrong_configuration(self):
        table = (
            (b"", 6, ""), (b"x", 6, ""), (b"[]", 6, "no JSON object"), (b"{} x", 6, ""), (b"\xff", 6, ""),
            (b"[" * 100000, 6, "levels"),
            ({"cniVersion": 1}, 6, "string"),
            ({"name": ""}, 7, "missing network name"), ({"name": "a/b"}, 7, "name", "a/b"), ({"name": "-a"}, 7, "name"),
            ({"name": "x" * 129}, 7, "name"), ({"name": 7}, 6, "name"),
            ({"tenant": "a/b"}, 7, "tenant"), ({"network": "a b"}, 7, "network", "a b"),
            ({"mtu": "1500"}, 6, "mtu"), ({"mtu": -1}, 6, "mtu"), ({"mtu": 65536}, 6, "mtu"),
            ({"ipMasq": 1}, 6, "ipMasq"),
            ({"ipam": {"type": "dhcp"}}, 7, "dhcp", "CNI_PATH"), ({"ipam": {"type": "static"}}, 7, "static", "CNI_PATH"), ({"ipam": {"type": "../x"}}, 7, "../x"),
            ({"ipMasq": True, "ipMasqBackend": "ebtables"}, 2, "ipMasqBackend", "ebtables"), ({"ipMasqBackend": 7}, 6, "ipMasqBackend"),
            ({"ipam": {}, "mode": "bridge"}, 7, "empty ipam", "bridge"),
            ({"sysctl": {"kernel.core_pattern": "x"}}, 2, "kernel.core_pattern"),
            ({"sysctl": {"net.ipv4.conf./../x": "1"}}, 2, "net.ipv4.conf"), ({"sysctl": {"net.ipv4.tcp_x": 1}}, 6, "net.ipv4.tcp_x"),
            ({"args": {"cni": {"sysctl": {"vm.swappiness": "1"}}}}, 2, "vm.swappiness"),
            ({"ipam": {"type": "host-local"}}, 7, "without a subnet"), ({"ipam": []}, 6, "ipam"),
            ({"ipam": {"type": "host-local", "subnet": "x"}}, 7, "x"),
            ({"ipam": {"type": "host-local", "subnet": "10.0.0.0/33"}}, 7, "10.0.0.0/33"),
            ({"ipam": {"type": "host-local", "ranges": [{}]}}, 6, "arrays"),
            ({"ipam": {"type": "host-local", "ranges": [[7]]}}, 6, "object"),
            ({"ipam": {"type": "host-local", "subnet": "10.0.0.0/8", "rangeStart": "10.0.0.9", "rangeEnd": "10.0.0.8"}}, 7, "rangeStart"),
            ({"ipam": {"type": "host-local", "subnet": "10.0.0.0/8", "rangeEnd": "11.0.0.8"}}, 7, "11.0.0.8"),
            ({"ipam": {"type": "host-local", "subnet": "10.0.0.0/8", "rangeStart": "x"}}, 7, "x"),
            ({"ipam": {"subnet": "10.0.0.0/8", "exclude": [7]}}, 6, "exclude"),
            ({"ipam": {"type": "host-local", "subnet": "10.0.0.0/8", "routes": [{"dst": "x"}]}}, 2, "routes.dst", "x"),
            *(({"ipam": {"subnet": "10.0.0.0/8", "routes": [{"dst": "10.9.0.0/16", key: 7}]}}, 2, f"routes.{key}") for key in
              ("table", "scope")),
            ({"ipam": {"subnet": "10.0.0.0/8", "routes": [{"dst": "10.9.0.0/16", "scope": 253}]}}, 2, "routes.scope: 253: ", "l2"),
            ({"ipam": {"subnet": "10.0.0.0/8", "routes": [{"dst": "10.9.0.0/16", "scope": 254}]}}, 2, "routes.scope: 254: "),
            *(({"ipam": {"subnet": "10.0.0.0/8", "routes": [{"dst": "10.9.0.0/16", key: value}]}}, 6, "ipam.routes", key) for key, value in
              (("mtu", -1), ("mtu", 65521), ("mtu", "x"), ("advmss", 65496), ("advmss", -1), ("priority", 1 << 31), ("table", "x"))),
            ({"ipam": {"subnet": "10.0.0.0/8", "routes": [{"dst": "10.9.0.0/16", "priority": -1}]}}, 6, "priority"),
            ({"ipam": {"subnet": "10.0.0.0/8", "routes": [{"gw": "10.0.0.9"}]}}, 6, "dst"),
            ({"runtimeConfig": {"portMappings": [{"hostPort": 0, "containerPort": 1}]}}, 7, "hostPort 0"),
            ({"runtimeConfig": {"portMappings": [{"hostPort": 1}]}}, 6, "containerPort"),
            ({"runtimeConfig": {"portMappings": [{"hostPort": 1, "containerPort": 65536}]}}, 7, "containerPort 65536"),
            ({"runtimeConfig": {"portMappings": [{"hostPort": 1, "containerPort": 1, "hostIP": "localhost"}]}}, 7, "localhost"),
            ({"runtimeConfig": {"portMappings": {}}}, 6, "portMappings"),
            ({"runtimeConfig": {"aliases": "x"}}, 6, "aliases"), ({"runtimeConfig": {"aliases": [1]}}, 6, "aliases"),
            ({"runtimeConfig": {"aliases": ["x"] * 17}}, 6, "aliases"),
            ({"runtimeConfig": {"bandwidth": {"IngressRate": "fast"}}}, 6, "bandwidth"),
            ({"runtimeConfig": {"bandwidth": {"egressBurst": -1}}}, 6, "bandwidth"), ({"egressRate": "x"}, 6, "egressRate"),
            ({"runtimeConfig": {"ips": "10.0.0.1"}}, 6, "ips"), ({"args": {"cni": {"ips": [1]}}}, 6, "ips"),
            ({"dns": {"nameservers": "x"}}, 6, "nameservers"),
        )
        self.start(FINE)
        for conf, code, *parts in table:
            with self.subTest(conf=conf if len(conf) < 100 else "long"):
                if isinstance(conf, bytes):
                    result = self.run_plugin("ADD", stdin=conf)
                else:
                    result = self.run_plugin("ADD", self.conf(**conf))
                self.refused(result, code, *parts)
        self.assertEqual(self.calls(), [])

    def test_oversize(self):
        self.refused(self.run_plugin("ADD", stdin=b" " * (4 << 20) + b"{}"), 6, "more than")

    def test_wrong_environment(self):
        table = (
            ({"CNI_CONTAINERID": None}, 4, "CNI_CONTAINERID"), ({"CNI_CONTAINERID": ""}, 4, "CNI_CONTAINERID"),
            ({"CNI_NETNS": ""}, 4, "[CNI_NETNS]"), ({"CNI_IFNAME": None, "CNI_NETNS": None}, 4, "[CNI_NETNS,CNI_IFNAME]"),
            ({"CNI_CONTAINERID": "a/b"}, 4, "CNI_CONTAINERID", "a/b"), ({"CNI_CONTAINERID": "-a"}, 4, "CNI_CONTAINERID"),
            ({"CNI_CONTAINERID": "x" * 2000}, 4, "CNI_CONTAINERID"),
            ({"CNI_IFNAME": "0123456789abcdef"}, 4, "CNI_IFNAME"), ({"CNI_IFNAME": "a/b"}, 4, "CNI_IFNAME"),
            ({"CNI_IFNAME": ".."}, 4, "CNI_IFNAME"), ({"CNI_IFNAME": "a b"}, 4, "CNI_IFNAME"),
            ({"CNI_IFNAME": "a:b"}, 4, "CNI_IFNAME"),
            ({"CNI_ARGS": "X=y"}, 4, "CNI_ARGS", "X"), ({"CNI_ARGS": "X=y;IgnoreUnknown=0"}, 4, "X"),
            ({"CNI_ARGS": "IP"}, 4, "IP"), ({"CNI_ARGS": "IP=10.0.0.1,nine"}, 4, 'CNI_ARGS: "nine"'),
            ({"CNI_ARGS": "MAC=zz"}, 4, 'CNI_ARGS: "zz"'), ({"CNI_ARGS": "IP=" + ",".join(["10.0.0.1"] * 17)}, 4, "IP"),
            ({"CNI_ARGS": "A=\udcff"}, 4, "CNI_ARGS"), ({"CNI_NETNS": "/\udcff"}, 4, "CNI_NETNS"),
            ({"CNI_NETNS": "/nonexistent"}, 8, "No such file"), ({"CNI_NETNS": "/etc/passwd"}, 8, "no network namespace"),
            ({"CNI_NETNS": "/proc/self/ns/uts"}, 8, "no network namespace"),
            ({"CNI_NETNS": "/proc/self/ns/net"}, 8, "own namespace"),
        )
        self.start(FINE)
        for env, code, *parts in table:
            with self.subTest(env=env):
                self.refused(self.run_plugin("ADD", **env), code, *parts)
        self.assertEqual(self.calls(), [])
        result = self.run_plugin("ADD", CNI_NETNS="/proc/self/ns/net", CNI_NETNS_OVERRIDE="TRUE", CNI_ARGS="X=y;IgnoreUnknown=true")
        self.assertEqual(result.status, 0, result.text)

    def test_errors_of_the_daemon(self):
        for name, code in (("InvalidParameter", 7), ("InvalidName", 7), ("NoSuchObject", 100), ("NameTaken", 101),
                           ("AddressTaken", 102), ("PortTaken", 103), ("AddressesExhausted", 104), ("PermissionDenied", 105),
                           ("QuotaExceeded", 105), ("NotEmpty", 105), ("Conflict", 105), ("LimitExceeded", 105),
                           ("NotSupported", 106), ("Unavailable", 11), ("KernelFailure", 107), ("InputOutput", 5),
                           ("Internal", 999)):
            with self.subTest(name=name):
                self.start([FINE[0], {"method": "EndpointAttach", "error": "io.moat." + name,
                                      "parameters": {"message": "the reason", "object": "default/web"}}])
                result = self.run_plugin("ADD")
                self.refused(result, code, "the reason")
                self.assertEqual((result.doc["cniVersion"], result.doc["details"]), ("1.0.0", "default/web"))

    def test_second_interface_leaves_the_default_route_to_the_first(self):
        second = {"method": "EndpointAttach", "reply": {"endpoint": dict(FINE[1]["reply"]["endpoint"], defaultRoute=False)}}
        self.start([FINE[0], second])
        self.assertNotIn("routes", self.add())
        self.assertNotIn("defaultRoute", self.asked("EndpointAttach"))
        self.start(FINE)
        self.add(isDefaultGateway=True)
        self.assertTrue(self.asked("EndpointAttach")["defaultRoute"])

    def test_replies_that_make_no_sense(self):
        for rules, code in (([{"method": "NetworkShow", "reply": {}}], 999),
                            ([FINE[0], {"method": "EndpointAttach", "reply": {}}], 999),
                            ([FINE[0], {"method": "EndpointAttach", "raw": "{}x"}], 11),
                            ([FINE[0], {"method": "EndpointAttach", "close": True}], 11)):
            self.start(rules)
            self.refused(self.run_plugin("ADD"), code)
        # an answer that is lost is asked for again, as the same request
        for lost in ({"close": True}, {"raw": "{}x"}):
            self.start([FINE[0], {"method": "EndpointAttach", **lost, "times": 2}, FINE[1]])
            self.assertEqual(self.run_plugin("ADD").status, 0)
            asked = [call["parameters"] for call in self.calls() if call["method"] == "EndpointAttach"]
            self.assertEqual(len(asked), 3)
            self.assertEqual(asked[0], asked[2])
        # an endpoint that cannot be told of does not stay
        self.start([FINE[0], {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "ips": ["192.0.2.1"]}}}, FINE[2]])
        self.refused(self.run_plugin("ADD"), 999, "no subnet")
        self.assertEqual(self.calls()[-1]["method"], "EndpointDetach")

    def test_result_that_cannot_be_told(self):
        """standard output is full: what the runtime does not know of may not stay"""
        self.start(FINE)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PLUGIN], input=json.dumps(CONF).encode(), stdout=full, timeout=30, check=False, env={
                "CNI_COMMAND": "ADD", "CNI_CONTAINERID": ID, "CNI_NETNS": self.netns, "CNI_IFNAME": "eth0",
                "MOAT_SOCKET": str(self.socket), "MOAT_STATE_DIR": str(self.state)})
        self.assertEqual(done.returncode, 1)
        self.assertEqual([call["method"] for call in self.calls()], ["NetworkShow", "EndpointAttach", "EndpointDetach"])

    def test_daemon_down(self):
        self.refused(self.run_plugin("ADD"), 11, "does not answer")
        self.assertFalse(self.journal.exists())


class Del(Case):
    def delete(self, conf=None, **env):
        result = self.run_plugin("DEL", conf, **env)
        self.assertEqual((result.status, result.text), (0, ""), result.text)

    def entries(self):
        return sorted(path.name for path in self.journal.iterdir()) if self.journal.exists() else []

    def test_with_and_without_the_namespace(self):
        for netns in (self.netns, "", None, "/gone"):
            self.start(FINE)
            self.delete(CNI_NETNS=netns)
            self.assertRegex(self.asked("EndpointDetach")["name"], f"^default/{STACK}[0-9a-f]{{12}}:eth0$")

    def test_of_what_is_gone(self):
        self.start([not_found("EndpointDetach")])
        self.delete()
        self.delete()

    def test_nothing_but_the_names_matters(self):
        self.start(FINE)
        self.delete(self.conf(vlan=7, ipam={"type": "static"}, prevResult={"x": 1},
                              runtimeConfig={"portMappings": [{}], "bandwidth": {"ingressRate": 1}}), CNI_ARGS="nonsense")
        self.refused(self.run_plugin("DEL", {"cniVersion": "1.0.0", "type": "moat"}), 7, "name")
        self.refused(self.run_plugin("DEL", CNI_IFNAME=""), 4, "CNI_IFNAME")

    def test_other_failures_are_told(self):
        self.start([{"method": "EndpointDetach", "error": "io.moat.KernelFailure",
                     "parameters": {"message": "busy", "object": "x"}}])
        self.refused(self.run_plugin("DEL"), 107, "busy")
        self.assertEqual(self.entries(), [])

    def test_journal(self):
        self.delete()
        self.delete(CNI_IFNAME="net1.del")
        self.delete()
        self.delete(self.conf(tenant="red"), CNI_CONTAINERID="short")
        info = self.journal.stat()
        self.assertEqual((stat.S_IMODE(info.st_mode), info.st_uid), (0o700, os.geteuid()))
        self.assertEqual(len(self.entries()), 3)
        self.assertIn("red:cni-short:eth0.del", self.entries())
        # the next call that gets through carries all of it out, whatever it is itself, and before that
        self.start([not_found("EndpointDetach", name="red/cni-short:eth0"), *FINE])
        result = self.run_plugin("ADD", CNI_CONTAINERID="other")
        self.assertEqual(result.status, 0, result.text)
        methods = [call["method"] for call in self.calls()]
        self.assertEqual(methods, ["EndpointDetach"] * 3 + ["NetworkShow", "EndpointAttach"])
        names = {call["parameters"]["name"] for call in self.calls()[:3]}
        self.assertIn("red/cni-short:eth0", names)
        self.assertEqual(sorted(name.rsplit(":", 1)[1] for name in names), ["eth0", "eth0", "net1.del"])
        self.assertEqual(self.entries(), [])

    def test_newer_add_of_the_same_attachment(self):
        """the old deletion comes before it, and never after"""
        self.delete()
        self.start(FINE)
        result = self.run_plugin("ADD")
        self.assertEqual(result.status, 0, result.text)
        self.assertEqual([call["method"] for call in self.calls()], ["EndpointDetach", "NetworkShow", "EndpointAttach"])
        self.assertEqual(self.entries(), [])
        self.start(FINE)
        self.assertEqual(self.run_plugin("ADD", CNI_CONTAINERID="other").status, 0)
        self.assertNotIn("EndpointDetach", [call["method"] for call in self.calls()])

    def test_own_entry_that_cannot_be_carried_out(self):
        """an ADD does not go on over it; others' are left for the next time"""
        self.delete()
        failing = {"method": "EndpointDetach", "error": "io.moat.KernelFailure", "parameters": {"message": "busy", "object": ""}}
        self.start([failing, *FINE])
        self.refused(self.run_plugin("ADD"), 107, "busy")
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual(self.run_plugin("ADD", CNI_CONTAINERID="other").status, 0)
        self.assertEqual(len(self.entries()), 1)

    def test_lost_in_the_middle(self):
        self.start([{"method": "EndpointDetach", "close": True}])
        self.delete()
        self.assertEqual(len(self.entries()), 1)
        # and again while there is something to carry out
        self.delete(CNI_IFNAME="net1")
        self.assertEqual(len(self.entries()), 2)

    def test_entries_for_another_daemon(self):
        self.delete(MOAT_SOCKET=str(self.folder / "elsewhere"), CNI_CONTAINERID="a")
        self.start(FINE)
        self.delete(CNI_CONTAINERID="b")
        self.assertEqual(self.entries(), ["default:cni-a:eth0.del"])

    def test_what_does_not_belong_into_the_folder(self):
        self.journal.mkdir(parents=True, mode=0o700)
        for name, text in ((".x.del", "{}"), ("a:b:c.del.Ab12Cd", "{}"), ("a:b:c.del", "nonsense"), ("noise", "")):
            (self.journal / name).write_text(text)
        (self.journal / "x:y:z.del").mkdir()
        os.mkfifo(self.journal / "a:fifo:c.del")
        (self.journal / "one.del").write_text(json.dumps({"socket": str(self.socket)}))
        self.start(FINE)
        self.delete()
        self.assertEqual(len(self.calls()), 1)
        self.assertNotIn("one.del", self.entries())

    def test_folder_that_is_not_ours_alone(self):
        self.journal.mkdir(parents=True)
        self.journal.chmod(0o755)
        self.refused(self.run_plugin("DEL"), 5, "0700")
        self.start(FINE)
        self.refused(self.run_plugin("ADD"), 5, "0700")
        self.stop()
        self.journal.rmdir()
        self.journal.symlink_to(self.folder)
        self.refused(self.run_plugin("DEL"), 5)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.endswith(".del")], [])

    def test_many_at_once(self):
        """each journalled deletion is carried out, and no ADD of the same attachment is undone by one"""
        for number in range(12):
            self.delete(CNI_CONTAINERID=f"c{number}")
        self.start(FINE)
        env = {**os.environ, "CNI_COMMAND": "ADD", "CNI_NETNS": self.netns, "CNI_IFNAME": "eth0",
               "MOAT_SOCKET": str(self.socket), "MOAT_STATE_DIR": str(self.state)}
        running = []
        for number in range(12):
            process = subprocess.Popen([PLUGIN], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       env={**env, "CNI_CONTAINERID": f"c{number}"})
            process.stdin.write(json.dumps(CONF).encode())
            process.stdin.close()
            running.append(process)
        self.assertEqual([process.wait(30) for process in running], [0] * 12)
        self.assertEqual(self.entries(), [])
        state = {}
        for call in self.calls():
            if call["method"] == "EndpointAttach":
                state[call["parameters"]["name"] + ":eth0"] = "attached"
            elif call["method"] == "EndpointDetach":
                self.assertNotIn(call["parameters"]["name"], state, "a deletion came twice, or after its ADD")
                state[call["parameters"]["name"]] = "detached"
        self.assertEqual(set(state.values()), {"attached"})
        self.assertEqual(len(state), 12)


if __name__ == "__main__":
    unittest.main()
