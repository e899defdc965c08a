#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cni_verbs_test - every verb in every version of the specification, before a daemon that answers what each test wants.

Results in the shape of their version, prevResult, CHECK, STATUS, GC. Environment: MOAT_BIN_DIR.
"""
import json
import unittest

from cni_test import CONF, ENDPOINT, FINE, ID, NETWORK, VERSIONS, Case, not_found

ATTACHMENT = {"labels": {"cni.containerId": ID, "cni.network": "web", "cni.ifname": "eth0"}}
SAME = {"method": "EndpointCheck", "reply": {"differences": []}}
HEALTHY = [{"method": "Version", "reply": {"version": "0", "interface": "io.moat", "kernel": "6", "features": {"ipv6": True}}},
           {"method": "Doctor", "reply": {"findings": [{"level": "ok", "subject": "kernel", "message": "m", "remedy": None}]}}]


def error(method, name, **more):
    return {"method": method, "error": "io.moat." + name, "parameters": {"message": "the reason", "object": "o"}, **more}


def result_of(version, netns):
    """what ADD must print for FINE in each version, by the text of the specification"""
    v4, v6 = "10.1.0.7/16", "fd00:1::7/64"
    g4, g6 = "10.1.0.1", "fd00:1::1"
    if version in ("0.1.0", "0.2.0"):
        return {"cniVersion": version, "dns": {},
                "ip4": {"ip": v4, "gateway": g4, "routes": [{"dst": "0.0.0.0/0", "gw": g4}]},
                "ip6": {"ip": v6, "gateway": g6, "routes": [{"dst": "::/0", "gw": g6}]}}
    inside = {"name": "eth0", "mac": "02:00:00:00:00:07", "sandbox": netns}
    if version == "1.1.0":
        inside["mtu"] = 1450
    ips = [{"address": v4, "gateway": g4, "interface": 1}, {"address": v6, "gateway": g6, "interface": 1}]
    result = {"cniVersion": version, "interfaces": [{"name": "mp0123456789ac"}, inside], "ips": ips,
              "routes": [{"dst": "0.0.0.0/0", "gw": g4}, {"dst": "::/0", "gw": g6}]}
    if version.startswith("0."):
        ips[0]["version"], ips[1]["version"] = "4", "6"
        result["dns"] = {}
    return result


class Versions(Case):
    def test_add(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                self.start(FINE)
                self.assertEqual(self.add(cniVersion=version), result_of(version, self.netns))

    def test_no_version_is_the_first(self):
        conf = self.conf()
        del conf["cniVersion"]
        for given in (conf, self.conf(cniVersion="")):
            self.start(FINE)
            self.assertEqual(self.run_plugin("ADD", given).doc, result_of("0.1.0", self.netns))

    def test_errors_bear_the_version(self):
        for version in VERSIONS:
            result = self.run_plugin("ADD", self.conf(cniVersion=version, vlan=7))
            self.refused(result, 2, "vlan")
            self.assertEqual(result.doc["cniVersion"], version)

    def test_verbs_that_a_version_has_not(self):
        self.start([*FINE, *HEALTHY, SAME])
        for verb, since in (("CHECK", "0.4.0"), ("STATUS", "1.1.0"), ("GC", "1.1.0")):
            for version in VERSIONS:
                if VERSIONS.index(version) < VERSIONS.index(since):
                    self.refused(self.run_plugin(verb, self.conf(cniVersion=version)), 1, version, verb)
        self.assertEqual(self.calls(), [])

    def test_delete_in_every_version(self):
        for version in VERSIONS:
            self.start(FINE)
            result = self.run_plugin("DEL", self.conf(cniVersion=version), CNI_NETNS="")
            self.assertEqual((result.status, result.text), (0, ""))

    def test_dns(self):
        dns = {"nameservers": ["10.1.0.1"], "search": ["x"]}
        for version in VERSIONS:
            self.start(FINE)
            self.assertEqual(self.add(cniVersion=version, dns=dns)["dns"], dns)

    def test_no_address(self):
        """what has no place for it says so, and leaves nothing"""
        bare = {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "ips": [], "gateways": []}}}
        for version in VERSIONS:
            with self.subTest(version=version):
                self.start([FINE[0], bare, FINE[2]])
                result = self.run_plugin("ADD", self.conf(cniVersion=version))
                if version in ("0.1.0", "0.2.0"):
                    self.refused(result, 1, version, "address")
                    self.assertEqual(self.calls()[-1]["method"], "EndpointDetach")
                else:
                    self.assertEqual((result.status, result.doc["ips"]), (0, []))


class Previous(Case):
    def test_behind_another_plugin(self):
        """what came before comes first, in the shape of the version, and our indices are shifted"""
        prev = {"cniVersion": "1.1.0", "interfaces": [{"name": "br9"}, {"name": "net9", "mac": "02:00:00:00:00:99",
                                                                      "sandbox": "/n", "mtu": 9000}],
                "ips": [{"address": "192.0.2.9/24", "interface": 1}], "routes": [{"dst": "198.51.100.0/24", "mtu": 1400}],
                "dns": {"domain": "d"}}
        for version in VERSIONS[2:]:
            with self.subTest(version=version):
                self.start(FINE)
                own, doc = result_of(version, self.netns), self.add(cniVersion=version, prevResult=prev)
                theirs = dict(prev["interfaces"][1])
                if version != "1.1.0":
                    del theirs["mtu"]
                self.assertEqual(doc["interfaces"], [{"name": "br9"}, theirs] + own["interfaces"])
                self.assertEqual([ip["interface"] for ip in doc["ips"]], [1, 3, 3])
                self.assertEqual(doc["ips"][0]["address"], "192.0.2.9/24")
                self.assertEqual("version" in doc["ips"][0], version.startswith("0."))
                self.assertEqual(doc["routes"], prev["routes"] + own["routes"])
                self.assertEqual(doc["dns"], {"domain": "d"})

    def test_old_shapes(self):
        prev = {"ip4": {"ip": "192.0.2.9/24", "gateway": "192.0.2.1", "routes": [{"dst": "0.0.0.0/0"}]}, "dns": {}}
        self.start(FINE)
        doc = self.add(cniVersion="0.2.0", prevResult=prev)
        self.assertEqual(doc["ip4"]["ip"], "192.0.2.9/24")
        self.assertEqual(doc["ip6"]["ip"], "fd00:1::7/64")
        self.start(FINE)
        versioned = {"ips": [{"version": "4", "address": "192.0.2.9/24"}], "interfaces": None, "routes": None}
        doc = self.add(cniVersion="0.4.0", prevResult=versioned)
        self.assertEqual([ip["version"] for ip in doc["ips"]], ["4", "4", "6"])

    def test_empty(self):
        for prev in ({}, None, {"cniVersion": "1.0.0"}, {"interfaces": [], "ips": []}):
            self.start(FINE)
            self.assertEqual(self.add(prevResult=prev), result_of("1.0.0", self.netns))

    def test_wrong(self):
        self.start(FINE)
        for prev in ({"interfaces": {}}, {"interfaces": [1]}, {"interfaces": [{"name": 1}]}, {"ips": [{}]},
                     {"ips": [{"address": "x"}]}, {"ips": [{"address": "10.0.0.1/8", "interface": 0}]},
                     {"ips": [{"address": "10.0.0.1/8", "interface": -1}]}, {"routes": [{"dst": 1}]}, {"dns": []}, [], 7,
                     {"ip4": {}}, {"ip4": {"ip": "x"}}, {"ips": [{"address": "10.0.0.1/8", "interface": "0"}]}):
            with self.subTest(prev=prev):
                self.refused(self.run_plugin("ADD", self.conf(prevResult=prev)), 6)
        self.assertEqual(self.calls(), [])


class Check(Case):
    def prev(self, **more):
        return {**result_of("1.0.0", self.netns), **more}

    def check(self, rules, version="1.0.0", **conf):
        self.start(rules)
        conf.setdefault("prevResult", result_of(version, self.netns))
        return self.run_plugin("CHECK", self.conf(cniVersion=version, **conf))

    def rules(self, check=SAME, **endpoint):
        return [{"method": "EndpointShow", "reply": {"endpoint": {**ENDPOINT, **endpoint}}}, check]

    def test_fine(self):
        for version in VERSIONS[4:]:
            result = self.check(self.rules(), version)
            self.assertEqual((result.status, result.text), (0, ""), result.text)
        name = self.asked("EndpointShow")["name"]
        self.assertRegex(name, "^default/cni-.*:eth0$")
        self.assertEqual(self.asked("EndpointCheck"), {"name": name, "netnsFd": 0})

    def test_others_may_have_added(self):
        prev = self.prev()
        prev["interfaces"].insert(0, {"name": "lo", "sandbox": self.netns, "mac": "00:00:00:00:00:00"})
        for ip in prev["ips"]:
            ip["interface"] += 1
        prev["ips"].append({"address": "192.0.2.7/24", "interface": 2})
        prev["routes"] = []
        self.assertEqual(self.check(self.rules(), prevResult=prev).status, 0)

    def test_prev_result_that_is_not_this_attachment(self):
        table = (
            ({"interfaces": [{"name": "eth0", "mac": "02:00:00:00:00:07"}], "ips": []}, "no such interface"),
            ({"interfaces": [{"name": "eth1", "sandbox": "/n"}], "ips": []}, "no such interface"),
            ({"interfaces": [{"name": "eth0", "sandbox": "/n", "mac": "02:00:00:00:00:08"}]}, "another MAC"),
            ({"interfaces": [{"name": "eth0", "sandbox": "/n"}]}, "lacks an address"),
            ({"interfaces": [{"name": "eth0", "sandbox": "/n"}], "ips": [{"address": "10.1.0.7/16", "interface": 0}]},
             "fd00:1::7"),
            ({"interfaces": [{"name": "br"}, {"name": "eth0", "sandbox": "/n"}],
              "ips": [{"address": "10.1.0.7/16", "interface": 0}, {"address": "fd00:1::7/64", "interface": 1}]}, "10.1.0.7"),
        )
        for prev, text in table:
            with self.subTest(prev=prev):
                self.refused(self.check(self.rules(), prevResult=prev), 108, text)

    def test_mac_in_any_case(self):
        prev = self.prev()
        prev["interfaces"][1]["mac"] = "02:00:00:AA:00:07"
        self.assertEqual(self.check(self.rules(mac="02:00:00:aa:00:07"), prevResult=prev).status, 0)

    def test_needs_prev_result(self):
        self.refused(self.run_plugin("CHECK"), 7, "prevResult")
        self.refused(self.run_plugin("CHECK", self.conf(prevResult=[])), 6)
        self.refused(self.run_plugin("CHECK", self.conf(prevResult={}), CNI_NETNS=""), 4, "CNI_NETNS")
        self.refused(self.run_plugin("CHECK", self.conf(prevResult={}), CNI_NETNS="/gone"), 8)

    def test_unknown_container(self):
        self.refused(self.check([not_found("EndpointShow")]), 3)

    def test_another_network(self):
        self.refused(self.check(self.rules(network="default/back")), 108, "default/back")

    def test_differences_of_the_kernel(self):
        rows = [{"what": "missing", "owner": "o", "object": "addr f000/eth0 10.1.0.7/16", "have": None},
                {"what": "differs", "owner": "o", "object": "x", "have": "y"}]
        result = self.check(self.rules({"method": "EndpointCheck", "reply": {"differences": rows}}))
        self.refused(result, 108, "missing: addr f000/eth0 10.1.0.7/16 (and more)")
        result = self.check(self.rules({"method": "EndpointCheck", "reply": {"differences": rows[1:]}}))
        self.refused(result, 108, "differs: x; there is: y")

    def test_failures(self):
        self.refused(self.check(self.rules(error("EndpointCheck", "Conflict"))), 108, "the reason")
        self.refused(self.check(self.rules(error("EndpointCheck", "KernelFailure"))), 107)
        self.refused(self.check(self.rules({"method": "EndpointCheck", "reply": {}})), 999)
        self.stop()
        self.refused(self.run_plugin("CHECK", self.conf(prevResult=self.prev())), 11)


class Status(Case):
    def status(self, rules, **conf):
        self.start(rules)
        return self.run_plugin("STATUS", self.conf(cniVersion="1.1.0", **conf), CNI_CONTAINERID=None, CNI_NETNS=None,
                               CNI_IFNAME=None)

    def test_fine(self):
        for rules in ([*HEALTHY, FINE[0]], [*HEALTHY, not_found("NetworkShow")],
                      [*HEALTHY, {"method": "NetworkShow", "reply": {"network": {**NETWORK, "exhausted": []}}}]):
            result = self.status(rules)
            self.assertEqual((result.status, result.text), (0, ""))
            self.assertLessEqual({call["method"] for call in self.calls()}, {"Version", "Doctor", "NetworkShow"})

    def test_daemon_down(self):
        self.refused(self.run_plugin("STATUS", self.conf(cniVersion="1.1.0")), 50, "does not answer")

    def test_not_available(self):
        full = {"method": "NetworkShow", "reply": {"network": {**NETWORK, "exhausted": ["10.1.0.0/16"]}}}
        no_six = {"method": "Version", "reply": {"features": {"ipv6": False}}}
        problem = {"level": "problem", "subject": "pools", "message": "overlap", "remedy": "move"}
        for rules, code, text in (([*HEALTHY, full], 50, "10.1.0.0/16"),
                                  ([no_six, HEALTHY[1], FINE[0]], 50, "IPv6"),
                                  ([HEALTHY[0], {"method": "Doctor", "reply": {"findings": [problem]}}, FINE[0]], 50, "move"),
                                  ([HEALTHY[0], {"method": "Doctor", "reply": {"findings": [{**problem, "subject": "firewall"}]}},
                                    FINE[0]], 51, "overlap"),
                                  ([error("Version", "Internal")], 50, "the reason"),
                                  ([HEALTHY[0], error("Doctor", "KernelFailure")], 50, "the reason"),
                                  ([*HEALTHY, error("NetworkShow", "Internal")], 50, "the reason")):
            with self.subTest(code=code, text=text):
                self.refused(self.status(rules), code, text)


class Gc(Case):
    def endpoints(self):
        def one(name, **labels):
            return {**ENDPOINT, "name": name, "labels": {**ATTACHMENT["labels"], **labels}}
        return {"method": "EndpointList", "reply": {"endpoints": [
            one("default/a:eth0"), one("default/a:net1", **{"cni.ifname": "net1"}),
            one("default/b:eth0", **{"cni.containerId": "b"}), one("default/c:eth0", **{"cni.network": "other"}),
            {**ENDPOINT, "name": "default/d:eth0", "labels": None}, {**ENDPOINT, "name": "default/e:eth0", "labels": {}}]}}

    def collect(self, rules=None, **conf):
        self.start(rules or [self.endpoints(), FINE[2]])
        return self.run_plugin("GC", self.conf(cniVersion="1.1.0", **conf), CNI_CONTAINERID=None, CNI_NETNS=None,
                               CNI_IFNAME=None)

    def removed(self):
        return [call["parameters"]["name"] for call in self.calls() if call["method"] == "EndpointDetach"]

    def test_what_is_removed(self):
        own = {"containerID": ID, "ifname": "eth0"}
        everything = ["default/a:eth0", "default/a:net1", "default/b:eth0"]
        for conf, gone in (
                ({"cni.dev/valid-attachments": [own]}, everything[1:]),
                ({"cni.dev/attachments": [own]}, everything[1:]),
                ({"CNI.dev/Valid-Attachments": [own]}, everything[1:]),
                ({"cni.dev/valid-attachments": [own], "cni.dev/attachments": []}, everything[1:]),
                ({"cni.dev/valid-attachments": [own, {"containerID": "b", "ifname": "eth0", "x": 1}]}, everything[1:2]),
                ({"cni.dev/valid-attachments": []}, everything),
                ({"cni.dev/valid-attachments": None}, everything),
                ({"cni.dev/attachments": None}, everything),
                ({}, []),
                ({"name": "unused", "cni.dev/valid-attachments": []}, []),
                ({"name": "other", "network": "web", "cni.dev/valid-attachments": []}, ["default/c:eth0"])):
            with self.subTest(conf=conf):
                result = self.collect(**conf)
                self.assertEqual((result.status, result.text), (0, ""), result.text)
                self.assertEqual(self.removed(), gone)

    def test_tenant(self):
        self.collect(tenant="red", **{"cni.dev/valid-attachments": []})
        self.assertEqual(self.asked("EndpointList"), {"tenant": "red"})

    def test_wrong_lists_touch_nothing(self):
        for wrong in ({}, 7, "x", [1], [{}], [{"containerID": ID}], [{"containerID": ID, "ifname": 7}],
                      [{"containerID": ID, "ifname": "eth0"}, None]):
            with self.subTest(wrong=wrong):
                self.refused(self.collect(**{"cni.dev/valid-attachments": wrong}), 6, "valid-attachments")
                self.assertEqual(self.removed(), [])

    def test_goes_on_over_failures(self):
        result = self.collect([self.endpoints(), error("EndpointDetach", "KernelFailure", match={"name": "default/a:eth0"}),
                               error("EndpointDetach", "Internal", match={"name": "default/a:net1"}), FINE[2]],
                              **{"cni.dev/valid-attachments": []})
        self.refused(result, 107, "2 attachments", "the reason")
        self.assertEqual(len(self.removed()), 3)

    def test_gone_meanwhile(self):
        result = self.collect([self.endpoints(), not_found("EndpointDetach")], **{"cni.dev/valid-attachments": []})
        self.assertEqual(result.status, 0)
        self.assertEqual(self.collect([not_found("EndpointList")], **{"cni.dev/valid-attachments": []}).status, 0)

    def test_daemon_down(self):
        conf = self.conf(cniVersion="1.1.0", **{"cni.dev/valid-attachments": []})
        self.refused(self.run_plugin("GC", conf), 11, "does not answer")

    def test_after_what_was_journalled(self):
        self.run_plugin("DEL", CONF, CNI_CONTAINERID="old")
        self.collect(**{"cni.dev/valid-attachments": None})
        self.assertEqual(self.removed()[0], "default/cni-old:eth0")


class Delegate(Case):
    """a plugin of ipam.type, here a script that notes what it was given"""
    RESULT = {"cniVersion": "1.0.0", "ips": [{"address": "10.1.0.9/16", "gateway": "10.1.0.1"}],
              "routes": [{"dst": "0.0.0.0/0"}], "dns": {"nameservers": ["9.9.9.9"]}}

    def setUp(self):
        super().setUp()
        self.noted = self.folder / "noted"
        self.plugin()

    def plugin(self, output=None, status=0, only="", versions=("1.0.0", "1.1.0")):
        """prints @output, for command @only"""
        text = json.dumps(self.RESULT if output is None else output)
        script = self.folder / "pool"
        script.write_text(f"""#!/bin/bash
conf=$(cat)
[[ $CNI_COMMAND != VERSION ]] || {{ printf '%s' '{json.dumps({"cniVersion": "1.1.0", "supportedVersions": versions})}'; exit 0; }}
printf '%s\\t%s\\t%s\\t%s\\n' "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_IFNAME" "$conf" >>{self.noted}
[[ -z "{only}" || $CNI_COMMAND == "{only}" ]] || exit 0
printf '%s' '{text}'
exit {status}
""")
        script.chmod(0o755)

    def called(self):
        return [line.split("\t") for line in self.noted.read_text().splitlines()] if self.noted.exists() else []

    def commands(self):
        return [line[0] for line in self.called()]

    def run_verb(self, verb, rules, version="1.0.0", **conf):
        self.noted.unlink(missing_ok=True)
        self.start([not_found("EndpointShow"), *rules])
        return self.run_plugin(verb, self.conf(cniVersion=version, ipam={"type": "pool", "x": "y"}, **conf),
                               CNI_PATH=f"/none:{self.folder}")

    def test_add(self):
        network = {**NETWORK, "subnets": ["10.1.0.0/16"]}
        endpoint = {**ENDPOINT, "ips": ["10.1.0.9/16"], "gateways": ["10.1.0.1"]}
        result = self.run_verb("ADD", [not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
                                       {"method": "NetworkCreate", "reply": {"network": network}},
                                       {"method": "EndpointAttach", "reply": {"endpoint": endpoint}}])
        self.assertEqual(result.status, 0, result.text)
        self.assertEqual(self.asked("NetworkCreate"), {"name": "default/web", "subnets": ["10.1.0.0/16"], "masquerade": False,
                                                       "gateways": ["10.1.0.1"]})
        self.assertEqual(self.asked("EndpointAttach")["ips"], ["10.1.0.9"])
        self.assertEqual([ip["address"] for ip in result.doc["ips"]], ["10.1.0.9/16"])
        (command, container, ifname, conf), = self.called()
        self.assertEqual((command, container, ifname), ("ADD", ID, "eth0"))
        self.assertEqual(json.loads(conf), self.conf(ipam={"type": "pool", "x": "y"}))

    def test_routes(self):
        """as the pool gives them; in mode l2, where there is no gateway, by that of its address"""
        default, elsewhere = {"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16"}
        for mode, given, asked, flag in (
                ("bridge", [default, elsewhere, {"dst": "10.8.0.0/16", "gw": "10.1.0.7"}],
                 [elsewhere, {"dst": "10.8.0.0/16", "via": "10.1.0.7"}], None),
                ("bridge", [elsewhere], [elsewhere], False), ("bridge", [], None, False),
                ("l2", [default, elsewhere], [{**default, "via": "10.1.0.1"}, {**elsewhere, "via": "10.1.0.1"}], None),
                ("l2", [{**elsewhere, "mtu": 1400, "advmss": 1300, "priority": 7}],
                 [{**elsewhere, "via": "10.1.0.1", "mtu": 1400, "advmss": 1300, "metric": 7}], False),
                ("l2", [{**elsewhere, "scope": 253}], [elsewhere], False),
                ("l2", [{**default, "gw": "10.1.0.7"}], [{**default, "via": "10.1.0.7"}], None), ("l2", [], None, False)):
            with self.subTest(mode=mode, given=given):
                self.plugin({**self.RESULT, "routes": given})
                result = self.run_verb("ADD", FINE, mode=mode)
                self.assertEqual(result.status, 0, result.text)
                self.assertEqual(self.asked("EndpointAttach").get("routes"), asked)
                self.assertEqual(self.asked("EndpointAttach").get("defaultRoute"), flag)
        self.plugin({**self.RESULT, "routes": []})
        self.run_verb("ADD", FINE, mode="l2", isDefaultGateway=True)
        self.assertEqual(self.asked("EndpointAttach")["routes"], [{**default, "via": "10.1.0.1"}])

    def run_dhcp(self, verb, rules, **conf):
        """the pool by the name dhcp; Return: the result, and the calls of the daemon and it in order of time"""
        self.noted.unlink(missing_ok=True)
        script = (self.folder / "pool").read_text().replace("conf=$(cat)", f"conf=$(cat); echo '{{\"method\":\"delegate '$CNI_COMMAND'\"}}' >>{self.folder}/log")
        (self.folder / "dhcp").write_text(script)
        (self.folder / "dhcp").chmod(0o755)
        self.start(rules)
        result = self.run_plugin(verb, self.conf(ipam={"type": "dhcp"}, **conf), CNI_PATH=str(self.folder))
        return result, [call["method"] for call in self.calls()]

    def test_lease(self):
        """dhcp speaks on the interface: that stands before it is asked, and until it has given back"""
        network = {"method": "NetworkShow", "reply": {"network": {**NETWORK, "mode": "l2", "subnets": [], "gateways": []}}}
        bare = {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "ips": [], "gateways": []}}}
        leased = {"method": "EndpointSet", "reply": {"endpoint": {
            **ENDPOINT, "ips": ["10.1.0.9/16"], "gateways": [], "routes": [{"dst": "0.0.0.0/0", "via": "10.1.0.1", "metric": None}]}}}
        detach = FINE[2]
        result, order = self.run_dhcp("ADD", [network, bare, leased, detach])
        self.assertEqual(result.status, 0, result.text)
        self.assertEqual(order, ["NetworkShow", "EndpointAttach", "delegate ADD", "EndpointSet"])
        self.assertNotIn("ips", self.asked("EndpointAttach"))
        asked = self.asked("EndpointSet")
        self.assertEqual((asked["ips"], asked["routes"]), (["10.1.0.9/16"], [{"dst": "0.0.0.0/0", "via": "10.1.0.1"}]))
        self.assertEqual(result.doc["ips"], [{"address": "10.1.0.9/16", "gateway": "10.1.0.1", "interface": 1}])
        self.assertEqual(result.doc["routes"], [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}])
        self.assertEqual(result.doc["dns"], {"nameservers": ["9.9.9.9"]})
        for rules in ([network, bare, error("EndpointSet", "Conflict"), detach], [network, bare, {"method": "EndpointSet", "close": True}, detach]):
            result, order = self.run_dhcp("ADD", rules)
            self.assertNotEqual(result.status, 0)
            self.assertEqual(order, ["NetworkShow", "EndpointAttach", "delegate ADD", "EndpointSet", "delegate DEL", "EndpointDetach"])
        result, order = self.run_dhcp("ADD", [network, error("EndpointAttach", "NameTaken"), detach])
        self.refused(result, 101)
        self.assertEqual(order, ["NetworkShow", "EndpointAttach"])
        result, order = self.run_dhcp("ADD", [FINE[0], bare])
        self.refused(result, 7, "not l2")
        self.assertEqual(order, ["NetworkShow"])
        self.refused(self.run_dhcp("ADD", FINE, mode="bridge")[0], 7, "bridge")
        self.assertEqual(self.run_dhcp("DEL", [detach])[1], ["delegate DEL", "EndpointDetach"])
        self.plugin({"code": 11, "msg": "no answer"}, status=1, only="ADD")
        result, order = self.run_dhcp("ADD", [network, bare, leased, detach])
        self.refused(result, 11, "no answer")
        self.assertEqual(order, ["NetworkShow", "EndpointAttach", "delegate ADD", "delegate DEL", "EndpointDetach"])

    def test_network_gets_what_the_pool_has(self):
        network = {**NETWORK, "subnets": ["10.2.0.0/16"]}
        result = self.run_verb("ADD", [{"method": "NetworkShow", "reply": {"network": network}},
                                       {"method": "NetworkSet", "reply": {"network": NETWORK}}, FINE[1]])
        self.assertEqual(result.status, 0, result.text)
        self.assertEqual(self.asked("NetworkSet"), {"name": "default/web", "subnets": ["10.1.0.0/16"], "gateways": ["10.1.0.1"]})

    def test_release_is_never_skipped(self):
        for rules in ([FINE[0], error("EndpointAttach", "AddressTaken")], [error("NetworkShow", "Internal")],
                      [FINE[0], {"method": "EndpointAttach", "close": True}]):
            self.assertNotEqual(self.run_verb("ADD", rules).status, 0)
            self.assertEqual(self.commands(), ["ADD", "DEL"])
        for output in ({**self.RESULT, "routes": [{"dst": "10.9.0.0/16", "table": 7}]}, {"ips": []}):
            self.plugin(output, only="ADD")
            self.assertNotEqual(self.run_verb("ADD", FINE).status, 0)
            self.assertEqual(self.commands(), ["ADD", "DEL"])
        self.plugin("", only="ADD")
        for rules in (FINE, [not_found("EndpointDetach")], [{"method": "EndpointDetach", "close": True}]):
            self.assertEqual(self.run_verb("DEL", rules).status, 0)
            self.assertEqual(self.commands(), ["DEL"])
        self.refused(self.run_verb("DEL", [error("EndpointDetach", "KernelFailure")]), 107)
        self.assertEqual(self.commands(), ["DEL"])

    def test_daemon_down(self):
        conf = self.conf(ipam={"type": "pool"})
        self.assertEqual(self.run_plugin("DEL", conf, CNI_PATH=str(self.folder)).status, 0)
        self.assertEqual(self.commands(), ["DEL"])
        self.refused(self.run_plugin("ADD", conf, CNI_PATH=str(self.folder)), 11)
        self.assertEqual(self.commands(), ["DEL"])

    def test_attached_already(self):
        """nothing is asked of the pool, so that nothing has to be given back"""
        self.start([{"method": "EndpointShow", "reply": {"endpoint": ENDPOINT}}])
        self.refused(self.run_plugin("ADD", self.conf(ipam={"type": "pool"}), CNI_PATH=str(self.folder)), 101)
        self.assertEqual(self.commands(), [])

    def test_its_errors_are_told(self):
        self.plugin({"code": 11, "msg": "no address left", "details": "in 10.1.0.0/16"}, status=1)
        self.refused(self.run_verb("ADD", FINE), 11, "pool", "no address left; in 10.1.0.0/16")
        self.refused(self.run_verb("DEL", FINE), 11, "no address left")
        self.plugin("", status=3)
        self.refused(self.run_verb("ADD", FINE), 5, "status 3")
        self.plugin({"ips": [{"address": "nonsense"}]})
        self.refused(self.run_verb("ADD", FINE), 6, "pool")
        self.assertEqual([call["method"] for call in self.calls()], ["EndpointShow"])

    def test_one_that_knows_older_versions_alone(self):
        (self.folder / "pool").write_text(f"""#!/bin/bash
grep -q '"cniVersion": *"1.1.0"' || {{ echo '{json.dumps(self.RESULT)}'; exit 0; }}
echo '{{"code":1,"msg":"incompatible CNI versions"}}'; exit 1
""")
        self.assertEqual(self.run_verb("ADD", FINE, version="1.1.0").doc["cniVersion"], "1.1.0")
        self.assertEqual(self.run_verb("DEL", FINE, version="1.1.0", prevResult={"cniVersion": "1.1.0", "ips": []}).status, 0)

    def test_other_verbs(self):
        prev = result_of("1.0.0", self.netns)
        self.plugin("")
        self.start([{"method": "EndpointShow", "reply": {"endpoint": ENDPOINT}}, SAME])
        conf = self.conf(ipam={"type": "pool"}, prevResult=prev)
        self.assertEqual(self.run_plugin("CHECK", conf, CNI_PATH=str(self.folder)).status, 0)
        self.assertEqual(self.commands(), ["CHECK"])
        self.assertEqual(self.run_verb("STATUS", [*HEALTHY, FINE[0]], version="1.1.0").status, 0)
        self.assertEqual(self.commands(), ["STATUS"])
        stale = {"method": "EndpointList", "reply": {"endpoints": [{**ENDPOINT, **ATTACHMENT}]}}
        self.assertEqual(self.run_verb("GC", [stale, FINE[2]], version="1.1.0", **{"cni.dev/attachments": None}).status, 0)
        self.assertEqual([line[:3] for line in self.called()], [["DEL", ID, "eth0"], ["GC", ID, "eth0"]])
        self.plugin({"code": 3, "msg": "missing containerID"}, status=1, versions=("1.0.0",))
        self.assertEqual(self.run_verb("STATUS", [*HEALTHY, FINE[0]], version="1.1.0").status, 0)
        self.assertEqual(self.commands(), [])
        self.plugin({"code": 50, "msg": "full"}, status=1)
        self.refused(self.run_verb("STATUS", [*HEALTHY, FINE[0]], version="1.1.0"), 50, "full")


if __name__ == "__main__":
    unittest.main()
