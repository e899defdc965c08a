#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cni_spec_test - sentences of CNI's SPEC.md 1.1.0 that no other test has: what a plugin must and should do.

docs/CONFORMANCE.md has every sentence and where its test is. Environment: MOAT_BIN_DIR.
"""
import json
import os
import subprocess
import unittest

from cni_test import ENDPOINT, FINE, ID, NETWORK, PLUGIN, Case, not_found

HEALTHY = [{"method": "Version", "reply": {"features": {"ipv6": True}}}, {"method": "Doctor", "reply": {"findings": []}}]


class Protocol(Case):
    def test_errors_on_stdout(self):
        """an error is one document on standard output, and the exit status is not 0"""
        self.start(FINE)
        for verb, conf, env in (("ADD", {}, {}), ("CHECK", {}, {}), ("STATUS", {}, {}), ("GC", {"cni.dev/valid-attachments": 7}, {}),
                                ("DEL", {}, {"CNI_IFNAME": "a/b"}), ("x", {}, {})):
            with self.subTest(verb=verb):
                conf = self.conf(cniVersion="1.1.0", vlan=5, **conf)
                result = self.run_plugin(verb, conf, **env)
                self.assertNotEqual(result.status, 0, result.text)
                self.assertEqual(result.errors, "")
                self.assertEqual({key: type(value) for key, value in result.doc.items()},
                                 {"cniVersion": str, "code": int, "msg": str, "details": str})
                self.assertEqual(result.text.count("\n"), 1)

    def test_nothing_but_add_and_version_prints(self):
        """verbs without a result print nothing on success"""
        self.start([*FINE, *HEALTHY, {"method": "EndpointList", "reply": {"endpoints": []}}])
        for verb in ("DEL", "STATUS", "GC"):
            result = self.run_plugin(verb, self.conf(cniVersion="1.1.0", **{"cni.dev/valid-attachments": []}))
            self.assertEqual((result.status, result.text, result.errors), (0, "", ""), verb)

    def test_input_that_cannot_be_read(self):
        """code 5 where the network configuration cannot be read"""
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        for verb in ("ADD", "DEL", "VERSION"):
            done = subprocess.run([PLUGIN], stdin=folder, env={"CNI_COMMAND": verb}, capture_output=True, timeout=30, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(json.loads(done.stdout)["code"], 5)

    def test_what_is_not_needed(self):
        """variables that a verb does not need may be missing, and what they are does not matter"""
        self.start([*FINE, *HEALTHY, {"method": "EndpointList", "reply": {"endpoints": []}}])
        every = ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_PATH")
        needed = {"ADD": every[:3], "DEL": (every[0], every[2]), "STATUS": (), "GC": (), "VERSION": ()}
        for verb, names in needed.items():
            for value in (None, "dummy", "/no:such;thing"):
                with self.subTest(verb=verb, value=value):
                    env = {name: value for name in every if name not in names}
                    if verb == "ADD" and value:
                        env["CNI_ARGS"] = f"IgnoreUnknown=1;X={value}".replace(";thing", "")
                    result = self.run_plugin(verb, self.conf(cniVersion="1.1.0", **{"cni.dev/valid-attachments": []}), **env)
                    self.assertEqual(result.status, 0, result.text)

    def test_what_is_not_known(self):
        """keys that are not known pass: of the runtime, in args, and those that a runtime should have taken out"""
        self.start(FINE)
        self.add(**{"args": {"labels": {"a": "b"}, "cni": {"x": [1]}}, "cni.dev/valid-attachments": 7, "cni.dev/new": {},
                    "capabilities": {"portMappings": True}, "runtimeConfig": {"cgroupPath": "/x", "io.kubernetes.cri.pod-annotations": {}},
                    "x": None})

    def test_status_is_not_needed(self):
        """ADD and DEL work before a STATUS, and behind one that failed"""
        self.start([FINE[0], FINE[1], FINE[2], HEALTHY[0],
                    {"method": "Doctor", "reply": {"findings": [{"level": "problem", "subject": "x", "message": "y", "remedy": None}]}}])
        conf = self.conf(cniVersion="1.1.0")
        for verb, code in (("ADD", None), ("STATUS", 50), ("ADD", None), ("DEL", None)):
            result = self.run_plugin(verb, conf)
            self.assertEqual(result.doc.get("code") if verb == "STATUS" else result.status or None, code, result.text)

    def test_del_without_prev_result(self):
        """DEL without prevResult, with an empty one, and with one that is none"""
        self.start(FINE)
        for prev in ({}, {"prevResult": None}, {"prevResult": {}}, {"prevResult": {"ips": []}}, {"prevResult": "x"}):
            self.assertEqual(self.run_plugin("DEL", self.conf(**prev)).status, 0, prev)

    def test_result_has_what_the_version_has(self):
        """the members of a result are those of SPEC.md, of their kinds"""
        self.start([FINE[0], {"method": "EndpointAttach", "reply": {"endpoint": {
            **ENDPOINT, "routes": [{"dst": "10.9.0.0/16", "via": "10.1.0.9", "metric": 5, "mtu": 1400, "advmss": 1300}]}}}])
        doc = self.add(cniVersion="1.1.0", dns={"nameservers": ["9.9.9.9"], "domain": "d", "search": ["s"], "options": ["o"]})
        kinds = {"interfaces": {"name": str, "mac": str, "mtu": int, "sandbox": str}, "ips": {"address": str, "gateway": str, "interface": int},
                 "routes": {"dst": str, "gw": str, "mtu": int, "advmss": int, "priority": int}}
        self.assertEqual(sorted(doc), ["cniVersion", "dns", "interfaces", "ips", "routes"])
        for key, members in kinds.items():
            self.assertTrue(doc[key])
            for item in doc[key]:
                for name, value in item.items():
                    self.assertIs(type(value), members[name], f"{key}.{name}")
        self.assertEqual(doc["routes"][-1], {"dst": "10.9.0.0/16", "gw": "10.1.0.9", "priority": 5, "mtu": 1400, "advmss": 1300})
        self.assertTrue(all(ip["interface"] < len(doc["interfaces"]) for ip in doc["ips"]))


class Delegated(Case):
    RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.9/16", "gateway": "10.1.0.1"}]}
    ASK = [not_found("EndpointShow"), {"method": "NetworkShow", "reply": {"network": {**NETWORK, "subnets": ["10.1.0.0/16"]}}},
           {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "ips": ["10.1.0.9"], "gateways": ["10.1.0.1"]}}}, FINE[2]]

    def plugin(self, folder="a", body="", result=None):
        """a pool in @folder of CNI_PATH, which notes what it is called with"""
        place = self.folder / folder
        place.mkdir(exist_ok=True)
        script = place / "pool"
        version = '{"cniVersion":"1.1.0","supportedVersions":["1.1.0"]}'
        script.write_text(f"""#!/bin/bash
conf=$(cat)
[[ $CNI_COMMAND != VERSION ]] || {{ printf '%s' '{version}'; exit 0; }}
printf '%s %s\\n' {folder} "$CNI_COMMAND" >>{self.folder}/noted
printf '%s' "$conf" >{self.folder}/conf
env -0 >{self.folder}/env
{body}
[[ $CNI_COMMAND != ADD ]] || printf '%s' '{json.dumps(self.RESULT if result is None else result)}'
""")
        script.chmod(0o755)

    def noted(self):
        path = self.folder / "noted"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def call(self, verb, rules, *path, **conf):
        if rules is not None:
            self.start(rules)
        conf = self.conf(cniVersion="1.1.0", ipam={"type": "pool", "own": [1]}, **conf)
        places = ":".join(str(self.folder / place) for place in path or ("a",))
        return self.run_plugin(verb, conf, CNI_PATH=places, CNI_ARGS="IgnoreUnknown=1;X=y", EXTRA="passed")

    def test_found_by_path(self):
        """the plugin is the first of its name in CNI_PATH that can be executed"""
        self.plugin("b")
        self.plugin("c")
        (self.folder / "a").mkdir()
        (self.folder / "a/pool").write_text("no program")
        (self.folder / "none").mkdir()
        (self.folder / "none/pool").mkdir()
        self.assertEqual(self.call("ADD", self.ASK, "nonexistent", "none", "a", "b", "c").status, 0)
        self.assertEqual(self.noted(), ["b ADD"])

    def test_environment_and_configuration(self):
        """it gets the environment and the whole configuration that we got"""
        self.plugin()
        self.assertEqual(self.call("ADD", self.ASK, dns={"nameservers": ["9.9.9.9"]}).status, 0)
        conf = json.loads((self.folder / "conf").read_text())
        self.assertEqual(conf, self.conf(cniVersion="1.1.0", ipam={"type": "pool", "own": [1]}, dns={"nameservers": ["9.9.9.9"]}))
        env = dict(item.split("=", 1) for item in (self.folder / "env").read_text().split("\0") if item)
        for name, value in (("CNI_COMMAND", "ADD"), ("CNI_CONTAINERID", ID), ("CNI_NETNS", self.netns), ("CNI_IFNAME", "eth0"),
                            ("CNI_ARGS", "IgnoreUnknown=1;X=y"), ("CNI_PATH", str(self.folder / "a")), ("EXTRA", "passed")):
            self.assertEqual(env[name], value)

    def test_its_standard_error(self):
        """what it says on standard error is on ours"""
        self.plugin(body="echo 'pool: a word' >&2")
        result = self.call("ADD", self.ASK)
        self.assertEqual((result.status, result.errors), (0, "pool: a word\n"))

    def test_add_that_fails(self):
        """where its ADD fails it is asked for DEL, before the failure is told"""
        for body, code in (("[[ $CNI_COMMAND != ADD ]] || { echo '{\"code\":120,\"msg\":\"half done\"}'; exit 1; }", 120),
                           ("[[ $CNI_COMMAND != ADD ]] || kill -KILL $$", 5),
                           ("[[ $CNI_COMMAND != ADD ]] || { echo nonsense; exit 0; }", 6)):
            with self.subTest(body=body):
                self.plugin(body=body)
                self.refused(self.call("ADD", self.ASK), code)
                self.assertEqual(self.noted(), ["a ADD", "a DEL"])
                self.assertNotIn("EndpointAttach", [call["method"] for call in self.calls()])

    def test_its_failures_are_ours(self):
        """what it fails of CHECK, DEL, STATUS and GC is our error"""
        self.plugin(body="echo '{\"code\":121,\"msg\":\"its own reason\"}'; exit 1")
        prev = {"interfaces": [{"name": "eth0", "sandbox": self.netns, "mac": ENDPOINT["mac"]}],
                "ips": [{"address": "10.1.0.7/16", "interface": 0}, {"address": "fd00:1::7/64", "interface": 0}]}
        rules = {"DEL": [FINE[2]], "STATUS": [*HEALTHY, FINE[0]], "GC": [{"method": "EndpointList", "reply": {"endpoints": []}}],
                 "CHECK": [{"method": "EndpointShow", "reply": {"endpoint": ENDPOINT}}, {"method": "EndpointCheck", "reply": {"differences": []}}]}
        for verb, rule in rules.items():
            with self.subTest(verb=verb):
                self.refused(self.call(verb, rule, prevResult=prev, **{"cni.dev/valid-attachments": []}), 121, "its own reason")
                self.assertEqual(self.noted(), [f"a {verb}"])

    def test_gc_is_passed_on(self):
        """GC goes to it whatever became of ours: no tenant, a failure, no daemon"""
        self.plugin()
        gone = {"cni.dev/valid-attachments": []}
        labels = {"cni.containerId": "b", "cni.network": "web", "cni.ifname": "eth0"}
        stale = {"method": "EndpointList", "reply": {"endpoints": [{**ENDPOINT, "labels": labels}]}}
        broken = {"method": "EndpointDetach", "error": "io.moat.KernelFailure", "parameters": {"message": "m", "object": "o"}}
        self.assertEqual(self.call("GC", [not_found("EndpointList")], **gone).status, 0)
        self.assertEqual(self.noted(), ["a GC"])
        self.refused(self.call("GC", [stale, broken], **gone), 107)
        self.assertEqual(self.noted(), ["a GC"])
        self.assertEqual(self.call("GC", [stale, FINE[2]], **gone).status, 0)
        self.assertEqual(self.noted(), ["a DEL", "a GC"])
        self.stop()
        self.refused(self.call("GC", None, **gone), 11)
        self.assertEqual(self.noted(), ["a GC"])
        self.assertEqual(self.call("GC", None).status, 0, "without a list nothing is touched")
        self.assertEqual(self.noted(), [])


if __name__ == "__main__":
    unittest.main()
