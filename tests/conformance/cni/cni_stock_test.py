#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cni_stock_test - keys of the reference plugins and conventions: each is done, harmless, or refused by name.

Every key of the reference plugin "bridge" is in KEYS; docs/ENGINES.md says of each what becomes of it, and a test here
compares the two. Environment: MOAT_BIN_DIR.
"""
import re
import unittest

from cni_test import FINE, NETWORK, TOP, Case, not_found

STOCK = {"bridge": "br0", "ipam": {"type": "host-local", "subnet": "10.1.0.0/16"}}
MAKE = [not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
        {"method": "NetworkCreate", "reply": {"network": NETWORK}}, FINE[1]]
# key: (values that are taken, values that are refused by name, values of a wrong type)
KEYS = {
    "bridge": (["cni0", "br-lan"], [], [7]),
    "disableContainerInterface": ([False, None], [True], ["x", 1]),
    "enabledad": ([True, False], [], [1]),
    "forceAddress": ([True, False], [], ["yes"]),
    "hairpinMode": ([True, False], [], [0]),
    "ipMasq": ([True, False], [], ["x"]),
    "ipMasqBackend": (["iptables", "nftables", ""], ["ebtables"], [True]),
    "ipam": ([{"subnet": "10.1.0.0/16"}, {}], [], [[]]),
    "isDefaultGateway": ([True, False], [], [1]),
    "isGateway": ([True, False], [], ["true"]),
    "macspoofchk": ([True, False], [], [{}]),
    "mtu": ([0, 1400], [], ["1500", -1]),
    "portIsolation": ([False], [True], [1]),
    "preserveDefaultVlan": ([True, False], [], [[]]),
    "promiscMode": ([True, False], [], [1]),
    "vlan": ([0, None], [1, 4094, -1], ["7", True]),
    "vlanTrunk": ([[], None], [[{"id": 5}], [{"minID": 2, "maxID": 9}]], [{}, 5]),
}


class Bridge(Case):
    def test_every_key(self):
        for key, (taken, refused, wrong) in KEYS.items():
            for spelling in (key, key.lower(), key.upper()):
                for value in taken:
                    with self.subTest(key=spelling, value=value):
                        self.start(MAKE)
                        conf = {k: v for k, v in STOCK.items() if k != key}
                        self.add(**conf, **{spelling: value})
                self.start(MAKE)
                for value in refused:
                    with self.subTest(key=spelling, value=value):
                        text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else None
                        result = self.run_plugin("ADD", self.conf(**{**STOCK, spelling: value}))
                        self.refused(result, 2, f"unsupported field: {key}: {text or ''}")
                        self.assertRegex(result.doc["msg"], r"[a-z]+ .*: [a-zA-Z ,]+", "it says why")
                for value in wrong:
                    with self.subTest(key=spelling, value=value):
                        self.refused(self.run_plugin("ADD", self.conf(**{**STOCK, spelling: value})), 6, key)
                self.assertEqual(self.calls(), [], "nothing was asked for")

    def test_values_are_told(self):
        """the specification wants key and value in the message"""
        for conf, text in (({"vlan": 77}, "vlan: 77: "), ({"vlanTrunk": [{"id": 5}]}, 'vlanTrunk: [{"id":5}]: '),
                           ({"portIsolation": True}, "portIsolation: true: "),
                           ({"vlanTrunk": [{"id": n} for n in range(1, 400)]}, 'vlanTrunk: [{"id":1}')):
            self.refused(self.run_plugin("ADD", self.conf(**conf)), 2, text)

    def test_other_verbs_mind_none(self):
        """what ADD refuses must not keep a container from being deleted, nor a network from being judged"""
        self.start([FINE[2], not_found("NetworkShow"), {"method": "Version", "reply": {"features": {}}},
                    {"method": "Doctor", "reply": {"findings": []}}])
        conf = self.conf(cniVersion="1.1.0", vlan=7, portIsolation=True, txQLen=-1)
        for verb in ("DEL", "STATUS"):
            self.assertEqual(self.run_plugin(verb, conf).status, 0)

    def test_the_document_has_all(self):
        text = (TOP / "docs/ENGINES.md").read_text(encoding="utf-8")
        table = text[text.index("## A configuration written for the reference bridge plugin"):]
        listed = re.findall(r"^\| `(\w+)`(?:, `(\w+)`)*", table, re.M)
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (done|so by design|refused)", table, re.M)
        told = {key: what for keys, what in rows for key in re.findall(r"\w+", keys)}
        self.assertTrue(listed)
        self.assertEqual(sorted(told), sorted(KEYS))
        for key, (_, refused, _) in KEYS.items():
            self.assertEqual(told[key] == "refused", bool(refused) and key != "ipMasqBackend", key)


class Tuning(Case):
    """flags and sysctls are done in the kernel: tests/netns/cni/cni_stock.sh"""

    def test_mac(self):
        """runtimeConfig, then args, then CNI_ARGS, then the configuration"""
        macs = [f"02:00:00:00:00:0{n}" for n in range(4)]
        steps = [{"mac": macs[0]}, {}, {"args": {"cni": {"mac": macs[2]}}}, {"runtimeConfig": {"mac": macs[3]}}]
        for upto in range(4):
            conf = {key: value for step in steps[:upto + 1] for key, value in step.items()}
            self.start(FINE)
            result = self.run_plugin("ADD", self.conf(**conf), CNI_ARGS=f"MAC={macs[1]}" if upto else "")
            self.assertEqual(result.status, 0, result.text)
            self.assertEqual(self.asked("EndpointAttach")["mac"], macs[upto])

    def test_wrong(self):
        self.start(FINE)
        for conf, code, *parts in (
                ({"promisc": 1}, 6, "promisc"), ({"allmulti": "x"}, 6, "allmulti"), ({"txQLen": -1}, 6, "txQLen"),
                ({"txQLen": "x"}, 6, "txQLen"), ({"txQLen": 1 << 31}, 6, "txQLen"), ({"mac": 7}, 6, "mac"),
                ({"args": {"cni": {"promisc": "x"}}}, 6, "args.cni", "promisc"),
                ({"args": {"cni": {"txQLen": []}}}, 6, "args.cni", "txQLen")):
            with self.subTest(conf=conf):
                self.refused(self.run_plugin("ADD", self.conf(**conf)), code, *parts)
        self.assertEqual(self.calls(), [])

    def test_no_such_interface(self):
        """what is attached does not stay where it cannot be tuned"""
        self.start(FINE)
        self.refused(self.run_plugin("ADD", self.conf(promisc=True)), 107, "flags and queue")
        self.asked("EndpointDetach")


class Conventions(Case):
    def test_labels(self):
        self.start(FINE)
        self.add(args={"cni": {"labels": [{"key": "app", "value": "web"}, {"key": "cni.ifname", "value": "mine"},
                                          {"key": "app", "value": "last"}]}})
        labels = self.asked("EndpointAttach")["labels"]
        self.assertEqual((labels["app"], labels["cni.ifname"]), ("last", "eth0"), "and none is told for ours")

    def test_labels_that_are_none(self):
        self.start(FINE)
        for labels in ("x", [7], [{"key": "a"}], [{"value": "a"}], [{"key": "", "value": "a"}], [{"key": "a", "value": 7}],
                       [{"key": "a", "value": "b"}] * 65):
            with self.subTest(labels=labels):
                self.refused(self.run_plugin("ADD", self.conf(args={"cni": {"labels": labels}})), 6, "labels")
        self.assertEqual(self.calls(), [])

    def test_devices(self):
        self.start(FINE)
        for key in ("deviceID", "infinibandGUID"):
            self.refused(self.run_plugin("ADD", self.conf(runtimeConfig={key: "0000:01:00.0"})), 2,
                         f"runtimeConfig.{key}: 0000:01:00.0: ", "capabilities")
            self.add(runtimeConfig={key: ""})

    def test_resolv_conf(self):
        """as host-local reads it, where Moat chooses in its place; the configuration's own comes first"""
        path = self.folder / "resolv.conf"
        path.write_text("# of the host\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # second\n; x\nsearch a.example b.example\n"
                        "domain example.net\noptions ndots:2\noptions timeout:1\nbogus\nnameserver\n\nsortlist 1\n")
        ipam = {"type": "host-local", "subnet": "10.1.0.0/16", "resolvConf": str(path)}
        for conf, wanted in (({}, {"nameservers": ["192.0.2.1", "2001:db8::1"], "search": ["a.example", "b.example"],
                                   "domain": "example.net", "options": ["ndots:2", "timeout:1"]}),
                             ({"dns": {"nameservers": ["192.0.2.7"]}}, {"nameservers": ["192.0.2.7"]})):
            self.start(FINE)
            self.assertEqual(self.add(ipam=ipam, **conf)["dns"], wanted)
        path.write_text("")
        self.start(FINE)
        self.assertNotIn("dns", self.add(ipam=ipam))

    def test_resolv_conf_that_is_none(self):
        self.start(FINE)
        big = self.folder / "big"
        big.write_text("#" * 70000)
        for path, code in (("/nonexistent/resolv.conf", 5), (str(self.folder), 7), ("/dev/zero", 7), (str(big), 7)):
            with self.subTest(path=path):
                ipam = {"type": "host-local", "subnet": "10.1.0.0/16", "resolvConf": path}
                self.refused(self.run_plugin("ADD", self.conf(ipam=ipam)), code, "ipam.resolvConf", path)
        self.assertEqual(self.calls(), [])


if __name__ == "__main__":
    unittest.main()
