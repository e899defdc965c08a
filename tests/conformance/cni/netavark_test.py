#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""netavark_test - the plugin as netavark calls it, with netavark's own documents (plugin-API.md), before a fake daemon.

Environment: MOAT_BIN_DIR.
"""
import copy
import json
import os
import subprocess
import unittest

from cni_test import ENDPOINT, FINE, NETWORK, PLUGIN, Case, Result, not_found

ID = "752947ff91f961eb3cb47ffe9315016979f3ffbec09e4d96a4fae3fb03391697"
NET = {"dns_enabled": False, "driver": "moat", "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
       "internal": False, "ipv6_enabled": False, "name": "podman1", "network_interface": "podman1", "options": None,
       "ipam_options": {"driver": "host-local"}, "network_dns_servers": None,
       "subnets": [{"gateway": "10.1.0.1", "lease_range": None, "subnet": "10.1.0.0/16"}]}
SETUP = {"container_id": ID, "container_name": "testctr",
         "port_mappings": [{"container_port": 80, "host_ip": "127.0.0.1", "host_port": 8080, "protocol": "tcp", "range": 1}],
         "network": NET,
         "network_options": {"aliases": ["752947ff91f9"], "interface_name": "eth0", "static_ips": ["10.1.0.7"],
                             "static_mac": "aa:bb:cc:dd:aa:00"}}
MADE = [not_found("NetworkShow"), {"method": "TenantCreate", "reply": {"tenant": {}}},
        {"method": "NetworkCreate", "reply": {"network": {**NETWORK, "subnets": ["10.1.0.0/16"]}}},
        {"method": "EndpointAttach", "reply": {"endpoint": {**ENDPOINT, "ips": ["10.1.0.7/16"], "gateways": ["10.1.0.1"]}}},
        FINE[2]]


class Netavark(Case):
    def call(self, *command, doc=None, **env):
        given = {"MOAT_SOCKET": str(self.socket), "MOAT_STATE_DIR": str(self.state), **env}
        stdin = doc if isinstance(doc, bytes) else json.dumps(doc).encode()
        return Result(subprocess.run([PLUGIN, *command], input=stdin, env=given, capture_output=True, timeout=30, check=False))

    def setup_doc(self, network=None, options=None, **more):
        doc = copy.deepcopy({**SETUP, **more})
        doc["network"].update(network or {})
        doc["network_options"].update(options or {})
        return doc

    def failed(self, result, *parts):
        self.assertNotEqual(result.status, 0, result.text)
        self.assertEqual(list(result.doc), ["error"])
        for part in parts:
            self.assertIn(part, result.doc["error"])

    def test_info(self):
        result = self.call("info")
        self.assertEqual((result.status, result.doc["api_version"]), (0, "1.0.0"))
        self.assertIn("version", result.doc)

    def test_commands(self):
        for command in (("nonsense",), ("setup",), ("setup", "a", "b"), ("teardown",), ("create", "x"), ("info", "x"), ("",)):
            self.failed(self.call(*command, doc=SETUP), "setup NETNS")

    def test_create(self):
        """gives back what it was given; nothing is made yet"""
        self.start([])
        for network in ({}, {"subnets": None}, {"options": {"mtu": "1400", "mode": "routed", "tenant": "red"}},
                        {"ipam_options": {"driver": "none"}, "subnets": []}, {"new": "field"}):
            doc = {**NET, **network}
            result = self.call("create", doc=doc)
            self.assertEqual((result.status, result.doc), (0, doc))
        self.assertEqual(self.calls(), [])

    def test_create_refuses(self):
        for network, *parts in (({"options": {"vlan": "7"}}, "vlan", "7"), ({"options": {"mtu": "x"}}, "mtu", "x"),
                                ({"options": {"mtu": 1400}}, "mtu"), ({"options": {"masquerade": "perhaps"}}, "perhaps"),
                                ({"name": "a/b"}, "a/b"), ({"ipam_options": {"driver": "dhcp"}}, "dhcp"),
                                ({"subnets": [{"subnet": "x"}]}, "x"), ({"subnets": {}}, "subnets"), ({"subnets": [{}]}, "subnet"),
                                ({"subnets": [{"subnet": "10.0.0.0/8", "lease_range": {"start_ip": "11.0.0.9"}}]}, "11.0.0.9"),
                                ({"routes": [{"destination": "x", "gateway": "10.1.0.9"}]}, "routes"), ({"routes": [{"destination": "10.0.0.0/8"}]}, "gateway"),
                                ({"routes": [{"destination": "10.0.0.0/8", "gateway": "10.1.0.9"}], "ipam_options": {"driver": "none"}}, "routes"),
                                ({"routes": [{"destination": "0.0.0.0/0", "gateway": "10.1.0.9"}], "options": {"no_default_route": "1"}},
                                 "no_default_route")):
            with self.subTest(network=network):
                self.failed(self.call("create", doc={**NET, **network}), *parts)
        for doc in (b"", b"x", b"[]", b"{}", b"null"):
            self.failed(self.call("create", doc=doc))

    def test_setup(self):
        self.start(MADE)
        result = self.call("setup", self.netns, doc=SETUP)
        self.assertEqual(result.status, 0, result.text)
        self.assertEqual(result.doc, {
            "dns_search_domains": [], "dns_server_ips": [],
            "interfaces": {"eth0": {"mac_address": "02:00:00:00:00:07",
                                    "subnets": [{"gateway": "10.1.0.1", "ipnet": "10.1.0.7/16"}]}}})
        self.assertEqual(self.asked("NetworkCreate"), {"name": "default/podman1", "subnets": ["10.1.0.0/16"],
                                                       "gateways": ["10.1.0.1"], "dns": False})
        asked = self.asked("EndpointAttach")
        self.assertEqual((asked["ips"], asked["mac"], asked["publish"]), (["10.1.0.7"], "aa:bb:cc:dd:aa:00", ["127.0.0.1:8080:80/tcp"]))
        self.assertEqual(asked["labels"], {"netavark.containerId": ID, "netavark.network": "podman1", "netavark.ifname": "eth0",
                                           "netavark.netns": self.netns, "podman.name": "testctr"})
        info = os.stat(self.netns)
        self.assertEqual([call["fds"] for call in self.calls() if call["method"] == "EndpointAttach"],
                         [[[info.st_dev, info.st_ino]]])

    def test_network_options(self):
        for network, asked in (({"internal": True}, {"internal": True}), ({"dns_enabled": True}, {"dns": None}),
                               ({"options": {"mtu": "1400"}}, {"mtu": 1400}), ({"options": {"mode": "routed"}}, {"mode": "routed"}),
                               ({"options": {"masquerade": "false"}}, {"masquerade": False}),
                               ({"options": {"host_access": "1"}}, {"hostAccess": True}),
                               ({"options": {"tenant": "red"}}, {"name": "red/podman1"}),
                               ({"ipam_options": {"driver": "none"}}, {"mode": "l2", "subnets": None})):
            with self.subTest(network=network):
                self.start(MADE)
                self.assertEqual(self.call("setup", self.netns, doc=self.setup_doc(network)).status, 0)
                given = self.asked("NetworkCreate")
                self.assertEqual({key: given.get(key) for key in asked}, asked)
        self.start(MADE)
        self.call("setup", self.netns, doc=self.setup_doc({"options": {"no_default_route": "1"}}))
        self.assertIs(self.asked("EndpointAttach")["defaultRoute"], False)

    def test_routes(self):
        self.start(MADE)
        routes = [{"destination": "10.9.0.0/16", "gateway": "10.1.0.9"}, {"destination": "10.8.0.0/16", "gateway": "10.1.0.1", "metric": 50}]
        self.assertEqual(self.call("setup", self.netns, doc=self.setup_doc({"routes": routes})).status, 0)
        self.assertEqual(self.asked("EndpointAttach")["routes"],
                         [{"dst": "10.9.0.0/16", "via": "10.1.0.9"}, {"dst": "10.8.0.0/16", "metric": 50}])

    def test_ports(self):
        for port, specs in (({"range": 3}, ["127.0.0.1:8080-8082:80-82/tcp"]), ({"range": 0}, ["127.0.0.1:8080:80/tcp"]),
                            ({"host_ip": ""}, ["8080:80/tcp"]), ({"host_ip": "::1", "protocol": "udp"}, ["[::1]:8080:80/udp"]),
                            ({"protocol": "tcp,udp", "host_ip": ""}, ["8080:80/tcp", "8080:80/udp"]),
                            ({"protocol": "", "host_ip": ""}, ["8080:80/tcp"]), ({"protocol": "sctp", "host_ip": ""}, ["8080:80/sctp"])):
            with self.subTest(port=port):
                self.start(MADE)
                doc = self.setup_doc(port_mappings=[{**SETUP["port_mappings"][0], **port}])
                self.assertEqual(self.call("setup", self.netns, doc=doc).status, 0)
                self.assertEqual(self.asked("EndpointAttach")["publish"], specs)

    def test_setup_refuses(self):
        port = SETUP["port_mappings"][0]
        self.start(MADE)
        for doc in (self.setup_doc(container_id="a/b"), self.setup_doc(options={"interface_name": "0123456789abcdef"}),
                    self.setup_doc(port_mappings=[{**port, "host_port": 0}]), self.setup_doc(port_mappings=[{**port, "range": 65535}]),
                    self.setup_doc(port_mappings=[{**port, "protocol": "tcp,icmp"}]), self.setup_doc(port_mappings={}),
                    self.setup_doc(port_mappings=[{**port, "protocol": "tcp,tcp"}]), self.setup_doc(network={"name": "/"}),
                    self.setup_doc(port_mappings=[{**port, "host_ip": "localhost"}]), {}, {**SETUP, "network": None}):
            self.failed(self.call("setup", self.netns, doc=doc))
        self.failed(self.call("setup", "/nonexistent", doc=SETUP), "No such file")
        self.failed(self.call("setup", "/proc/self/ns/net", doc=SETUP), "own namespace")
        self.assertEqual(self.calls(), [])
        self.stop()
        self.failed(self.call("setup", self.netns, doc=SETUP), "does not answer")

    def test_teardown(self):
        for netns in (self.netns, "/gone", ""):
            self.start([not_found("EndpointDetach")])
            result = self.call("teardown", netns, doc=self.setup_doc({"subnets": [{"subnet": "x"}], "routes": [1]}))
            self.assertEqual((result.status, result.text), (0, ""))
            self.assertRegex(self.asked("EndpointDetach")["name"], "^default/cni-752947ff.*:eth0$")

    def test_teardown_without_the_daemon(self):
        self.assertEqual(self.call("teardown", "", doc=SETUP).status, 0)
        self.assertEqual(len(list(self.journal.iterdir())), 1)
        self.start(MADE)
        self.assertEqual(self.call("setup", self.netns, doc=SETUP).status, 0)
        self.assertEqual([call["method"] for call in self.calls()][0], "EndpointDetach")


if __name__ == "__main__":
    unittest.main()
