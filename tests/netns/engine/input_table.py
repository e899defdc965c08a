# SPDX-License-Identifier: GPL-2.0-or-later
"""input_table - what a value of the right type must be refused with: rows (method, parameters, errors), for engine_input.py.

The world of these rows: tenant red, its network red/web (10.0.0.0/24, fd00:5::/64) with stack "held" at 10.0.0.20, which has
published 8080; a tenant "poor" that may have no network; a lab "lab". tests/lint/varlink.py fails when a parameter that is more than a switch has no row here, or
an error of the interface has none here and no other place in ELSEWHERE.
"""
# What a value of the right type must be refused with: (method, parameters, errors).
OBJECT = ("NoSuchObject",)
NAME = ("InvalidName",)
USAGE = ("InvalidParameter",)
TAKEN = ("NameTaken",)
BAD_NAMES = ["", ".", "-x", "a/b/c", "/x", "x/", "a b", "x\n", "\u00e9", "x" * 200, "a/" + "x" * 129, "A" * 64 + "/x", "../x", "a:b:c"]
TABLE = [("TenantCreate", {"name": name}, NAME) for name in BAD_NAMES + ["Red", "red/x", "x" * 64]]
TABLE += [(method, {"name": name}, NAME) for method in ("NetworkCreate", "StackCreate", "LabUp") for name in BAD_NAMES
          if method != "LabUp"]
TABLE += [(method, {"name": "none/none"}, OBJECT) for method in ("NetworkShow", "StackShow", "EndpointShow", "StackOpen")]
TABLE += [(method, {"name": "none"}, OBJECT) for method in ("TenantShow", "TenantSet", "LabShow")]
TABLE += [(method, {"name": "none/none", "strict": True}, OBJECT) for method in ("NetworkDelete", "StackDelete", "EndpointDetach")]
TABLE += [("TenantDelete", {"name": "none", "strict": True}, OBJECT), ("LabDown", {"name": "none", "strict": True}, OBJECT),
          ("Publish", {"name": "none/none", "publish": ["80:80"]}, OBJECT), ("NetworkCreate", {"name": "none/x"}, OBJECT),
          ("EndpointAttach", {"network": "none/x", "create": True, "name": "x"}, OBJECT)]
TABLE += [("NetworkCreate", {"name": "red/new", "subnets": [subnet]}, USAGE) for subnet in
          ("", "x", "10.0.0.0", "10.9.0.0/33", "10.9.0.0/-1", "10.9.0.0/08", "10.9.0.1/24", "224.0.0.0/24", "127.0.0.0/8", "0.0.0.0/0",
           "::/0", "ff00::/64", "fe80::/64", "fd00::/129", "10.9.0.0/24 ", "10.9.0.0/24,10.10.0.0/24", "010.9.0.0/24")]
TABLE += [("NetworkCreate", {"name": "red/new", "subnets": ["10.9.0.0/24"], "gateways": [gateway]}, USAGE) for gateway in
          ("", "x", "10.8.0.1", "10.9.0.0", "10.9.0.255", "fd00::1", "10.9.0.1/24")]
TABLE += [("NetworkCreate", {"name": "red/new", "mtu": mtu}, USAGE) for mtu in (0, 1, 67, 1279, 65536)]
TABLE += [("NetworkCreate", {"name": "red/new", "mode": mode}, USAGE) for mode in ("", "x", "Bridge", "macvlan")]
TABLE += [("NetworkCreate", {"name": "red/web"}, ("NameTaken",)),
          ("NetworkCreate", {"name": "red/new", "subnets": ["10.0.0.0/25"]}, ("AddressTaken", "Conflict"))]
ATTACH = {"network": "red/web", "create": True, "name": "new"}
TABLE += [("EndpointAttach", dict(ATTACH, ips=[ip]), USAGE) for ip in
          ("", "x", "10.9.0.5", "10.0.0.0", "10.0.0.255", "10.0.0.5/24", "fe80::1", "fd00:6::1", "0.0.0.0", "224.0.0.1")]
TABLE += [("EndpointAttach", dict(ATTACH, ips=["10.0.0.1"]), ("AddressTaken", "InvalidParameter")),
          ("EndpointAttach", dict(ATTACH, ips=["10.0.0.20"]), ("AddressTaken",)),
          ("EndpointAttach", dict(ATTACH, name="held"), ("NameTaken", "Conflict"))]
TABLE += [("EndpointAttach", dict(ATTACH, mac=mac), USAGE) for mac in
          ("", "x", "01:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "02:00:00:00:00", "02:00:00:00:00:00:01", "02-00-00-00-00-0g")]
TABLE += [("EndpointAttach", dict(ATTACH, ifname=name), NAME + USAGE) for name in
          ("", "lo", "x" * 16, "a/b", "a b", "..", "a%d", "all", "default")]
SPECS = ["", "80", ":80", "80:", "0:80", "80:0", "65536:80", "80:65536", "-1:80", "80:80/icmp", "80:80/", "80:80:80:80", "x:80",
         "80-79:80-79", "80-90:80-89", "256.0.0.1:80:80", "[::1:80:80", "::1:80:80", "1.2.3.4:80", " 80:80", "80:80 ", "+80:80", "080:80"]
TABLE += [("EndpointAttach", dict(ATTACH, publish=[spec]), USAGE) for spec in SPECS]
TABLE += [("Publish", {"name": "red/held", "publish": [spec]}, USAGE) for spec in SPECS]
TABLE += [("Unpublish", {"name": "red/held", "publish": [spec]}, USAGE) for spec in SPECS]
TABLE += [("EndpointAttach", dict(ATTACH, publish=["8080:1"]), ("PortTaken",)),
          ("Publish", {"name": "red/held", "publish": ["8080:2"]}, ("PortTaken",))]
TABLE += [("TenantSet", {"name": "red", "quota": {key: value}}, USAGE) for key in ("endpoints", "networks", "ports")
          for value in (-1, 1.5, "7", True, [])]

# ---- names of tenants, of users, of objects that are not there
TABLE += [("TenantCreate", {"name": "new", "delegate": user}, USAGE) for user in ("nobody-has-this-name", "x" * 300, "0", "root:x")]
TABLE += [("TenantCreate", {"name": "new", "quota": {key: value}}, USAGE) for key in ("endpoints", "networks", "ports", "things")
          for value in (-1, 1.5, "7", True, [], 1 << 40)]
TABLE += [(method, {"name": name, "allowPorts": [text]}, USAGE) for method, name in (("TenantSet", "red"), ("TenantCreate", "new"))
          for text in ("", "x", "0", "65536", "80-79", "80/icmp", "80/", "80-", " 80", "80,81", "1-2-3", "080", "80:80", "x" * 100)]
TABLE += [("TenantSet", {"name": "red", "allowPorts": ["80"] * 17}, USAGE)]
TABLE += [("TenantSet", {"name": "red", "delegate": "nobody-has-this-name"}, USAGE), ("TenantCreate", {"name": "red"}, TAKEN),
          ("TenantSet", {"name": "red", "quota": {"things": 1}}, USAGE)]
TABLE += [(method, {"tenant": "none"}, OBJECT) for method in ("NetworkList", "EndpointList", "StackList", "PublishList", "Check")]
TABLE += [(method, {"name": name}, NAME) for name in ("", "a/b/c", "x\n", "../x")
          for method in ("NetworkShow", "NetworkDelete", "NetworkSet", "StackShow", "StackOpen", "StackDelete", "EndpointShow", "EndpointDetach")]
TABLE += [(method, {"name": "red/held", "publish": []}, USAGE) for method in ("Publish", "Unpublish")]
TABLE += [("Unpublish", {"name": "red/held", "publish": ["9999:1"], "strict": True}, OBJECT),
          ("Unpublish", {"name": "red/none", "publish": ["9999:1"], "strict": True}, OBJECT),
          ("TenantDelete", {"name": "red"}, ("NotEmpty",)), ("NetworkDelete", {"name": "red/web"}, ("NotEmpty",)),
          ("NetworkCreate", {"name": "poor/new"}, ("QuotaExceeded",))]

# ---- networks
for method, name in (("NetworkCreate", "red/new"), ("NetworkSet", "red/web")):
    TABLE += [(method, {"name": name, "subnets": ["10.9.0.0/24"], "exclude": [text]}, USAGE) for text in
              ("", "x", "10.9.0.9-10.9.0.5", "10.9.0.5-", "10.9.0.5-fd00::1", "10.9.0.1/24")]
    TABLE += [(method, {"name": name, "subnets": ["10.9.0.0/24"], "reserve": [text]}, USAGE + NAME) for text in
              ("", "x", "=10.9.0.5", "x=", "x=10.77.0.5", "a b=10.9.0.5", "x=10.9.0.5/24", "x=10.9.0.0")]
    TABLE += [(method, {"name": name, "subnets": ["10.9.%d.0/24" % i for i in range(5)]}, USAGE + ("LimitExceeded",)),
              (method, {"name": name, "hostAccess": True, "masquerade": False}, ("NotSupported",))]
TABLE += [("NetworkSet", {"name": "none/x", "mtu": 1400}, OBJECT), ("NetworkSet", {"name": "red/web", "mode": "routed"}, ("Conflict",)),
          ("NetworkSet", {"name": "red/web", "guard": False}, ("Conflict",)),
          ("NetworkSet", {"name": "red/web", "gateways": ["10.0.0.9"]}, ("Conflict", "InvalidParameter")),
          ("NetworkSet", {"name": "red/web", "subnets": ["10.0.0.0/25"]}, ("AddressTaken", "Conflict")),
          ("NetworkSet", {"name": "red/web", "reserve": ["other=10.0.0.20"]}, ("AddressTaken",))]
TABLE += [("NetworkSet", {"name": "red/web", "mtu": mtu}, USAGE) for mtu in (0, 1, 67, 1279, 65536)]
TABLE += [("NetworkSet", {"name": "red/web", "removeSubnets": [subnet]}, USAGE) for subnet in ("", "x", "10.0.0.1/24", "10.0.0.0/25")]
TABLE += [("NetworkSet", {"name": "red/web", "removeSubnets": ["10.0.0.0/24"]}, ("Conflict",))]
TABLE += [("NetworkSet", {"name": "red/web", "unexclude": [text]}, USAGE) for text in ("", "x", "10.0.0.9-10.0.0.5", "10.0.0.1/24")]
TABLE += [("NetworkSet", {"name": "red/web", "unreserve": [text]}, USAGE + NAME) for text in ("", "=10.0.0.5", "a b", "x=10.0.0.5/24")]

# ---- endpoints and stacks
TABLE += [("EndpointAttach", {"network": network, "create": True, "name": "new"}, NAME) for network in ("", "a/b/c", "red/", "/web", "x\n")]
TABLE += [("EndpointAttach", {"network": "red/web", "netnsPath": path, "name": "new"}, USAGE + OBJECT) for path in
          ("", "relative", "/proc/1/ns/net", "/run/netns/", "/run/netns/none", "/run/netns/../../proc/1/ns/net", "/run/netns/a/b", "/etc/passwd")]
TABLE += [("EndpointAttach", {"network": "red/web", "netnsFd": fd, "name": "new"}, USAGE) for fd in (-1, 0, 15, 1 << 40)]
TABLE += [("StackCreate", {"name": "red/new", "netnsFd": fd}, USAGE) for fd in (-1, 0, 15, 1 << 40)]
TABLE += [("EndpointCheck", {"name": "red/held:eth0", "netnsFd": fd}, USAGE) for fd in (-1, 0, 15, 1 << 40)]
TABLE += [("EndpointCheck", {"name": "none/none", "netnsFd": 0}, USAGE + OBJECT)]
TABLE += [("EndpointCheck", {"name": name, "netnsFd": 0}, USAGE + NAME) for name in ("", "a/b/c", "x\n")]
TABLE += [("EndpointAttach", dict(ATTACH, netnsPath="/run/netns/none"), USAGE), ("StackCreate", {"name": "red/held"}, TAKEN),
          ("EndpointAttach", {"network": "red/web", "name": "nobody"}, OBJECT)]
TABLE += [("EndpointAttach", {"network": "red/web", "name": "vm", "tap": tap}, NAME + USAGE) for tap in ("", "lo", "x" * 16, "a/b", "a%d", "..")]
TABLE += [("EndpointAttach", dict(ATTACH, tap="tap0"), USAGE), ("EndpointAttach", {"network": "red/web", "name": "held", "tap": "tap0"}, ("Conflict", "NameTaken"))]
BITS = ({"ingressRateBits": 999}, {"ingressRateBits": -1}, {"egressRateBits": 10 ** 15 + 1}, {"egressBurstBits": 1000},
        {"ingressRateBits": "fast"}, {"ingressRateBits": 1000, "ingressBurstBits": 10 ** 15 + 1}, {"rate": 1000}, [], 7)
TABLE += [("EndpointAttach", dict(ATTACH, aliases=[name]), NAME) for name in ("", "a/b", "a b", "-x", "x" * 129)]
TABLE += [("EndpointAttach", dict(ATTACH, routes=[route]), USAGE) for route in
          ({}, {"dst": ""}, {"dst": "x"}, {"dst": "10.9.0.1/16"}, {"dst": "10.9.0.0/33"}, {"dst": "127.0.0.1"}, {"dst": "224.0.0.0/4"}, {"dst": "fe80::/10"},
           {"dst": "10.9.0.0/16", "via": "x"}, {"dst": "10.9.0.0/16", "via": ""}, {"dst": "10.9.0.0/16", "via": "10.9.0.1"},
           {"dst": "10.9.0.0/16", "via": "fd00:5::1"}, {"dst": "10.9.0.0/16", "metric": 0}, {"dst": "10.9.0.0/16", "metric": 1 << 32},
           {"dst": "10.9.0.0/16", "metric": 1 << 31}, {"dst": "10.0.0.1"}, {"dst": "10.0.0.0/25"}, {"dst": "10.9.0.0/16", "via": "10.0.0.255"},
           {"dst": "10.9.0.0/16", "dev": "eth0"}, "10.9.0.0/16", [])]
TABLE += [("EndpointAttach", dict(ATTACH, routes=[{"dst": "10.9.0.0/16"}] * 2), USAGE), ("EndpointAttach", dict(ATTACH, routes=[{"dst": "10.9.0.0/16"}] * 65), USAGE),
          ("EndpointAttach", dict(ATTACH, routes=[{"dst": "0.0.0.0/0"}], defaultRoute=False), USAGE)]
TABLE += [("EndpointAttach", dict(ATTACH, aliases=["held"]), TAKEN), ("EndpointAttach", dict(ATTACH, aliases=["a"] * 17), USAGE)]
TABLE += [("EndpointAttach", dict(ATTACH, bandwidth=bits), USAGE) for bits in BITS]
TABLE += [("EndpointSet", {"name": "red/held", "bandwidth": bits}, USAGE) for bits in BITS]
TABLE += [("EndpointSet", {"name": "none/none", "bandwidth": {}}, OBJECT), ("EndpointSet", {"name": "red/held"}, USAGE)]
TABLE += [("EndpointSet", {"name": "red/held", "routes": routes}, USAGE) for routes in
          ([{}], [{"dst": "x"}], [{"dst": "10.9.0.0/16", "via": "10.9.0.1"}], [{"dst": "10.9.0.0/16"}] * 2, ["10.9.0.0/16"], {})]
TABLE += [("EndpointSet", {"name": "red/held", "ips": ips}, error) for ips, error in
          ((["x"], USAGE), (["10.0.0.9"], USAGE), (["10.0.0.9/24"], ("Conflict",)), ([], ("Conflict",)))]
TABLE += [("EndpointSet", {"name": "red/held", "routes": [], "netnsFd": 0}, USAGE)]
TABLE += [("EndpointAttach", dict(ATTACH, allowAddresses=[text]), USAGE + ("Conflict", "AddressTaken")) for text in
          ("", "x", "10.0.0.0/24", "10.0.0.20", "10.0.0.1", "0.0.0.0/0", "::/0", "224.0.0.0/4", "fe80::/64", "127.0.0.1", "10.50.0.1/24")]
TABLE += [("EndpointAttach", dict(ATTACH, mtu=mtu), USAGE) for mtu in (-1, 1, 67, 1279, 65536)]
TABLE += [("EndpointAttach", dict(ATTACH, labels={"a": "x" * 5000}), ("LimitExceeded",)), ("EndpointAttach", dict(ATTACH, labels={"a": 1}), USAGE),
          ("EndpointAttach", dict(ATTACH, requestId="x" * 300), USAGE), ("StackCreate", {"name": "red/new", "requestId": "x" * 129}, USAGE),
          ("StackCreate", {"name": "red/new", "requestId": 7}, USAGE),
          ("StackDelete", {"name": "red/held", "requestId": "x" * 129}, USAGE), ("StackDelete", {"name": "red/held", "requestId": "r", "strict": True}, OBJECT), ("EndpointAttach", dict(ATTACH, ips=["10.0.0.%d" % i for i in range(30, 50)]), USAGE + ("LimitExceeded",))]

# ---- labs
NODES = [{"name": "a"}, {"name": "b"}]


def wire(**more):
    return [{"a": dict({"node": "a", "ifname": "eth1"}, **more), "b": {"node": "b", "ifname": "eth1"}}]


TABLE += [("LabUp", {"name": name, "nodes": NODES, "wires": []}, NAME) for name in BAD_NAMES + ["red/x"]]
TABLE += [("LabUp", {"name": "lab", "nodes": NODES, "wires": []}, TAKEN), ("LabUp", {"name": "red", "nodes": NODES, "wires": []}, TAKEN),
          ("LabDown", {"name": "red"}, ("Conflict",)), ("LabShow", {"name": "red"}, ("Conflict",) + OBJECT)]
TABLE += [("LabUp", {"name": "new", "nodes": nodes, "wires": []}, USAGE + NAME + TAKEN) for nodes in
          ([], [{}], [{"name": "a b"}], [{"name": "a"}, {"name": "a"}], [{"name": "a", "ips": ["x"]}], [{"name": "a", "ips": ["10.0.0.1"]}],
           [{"name": "a", "routes": [{"dst": "10.0.0.1/24", "via": "10.0.0.2"}]}], [{"name": "a", "routes": [{"dst": "10.0.0.0/24", "via": "x"}]}],
           [{"name": "a", "color": "red"}], ["a"], [7])]
TABLE += [("LabUp", {"name": "new", "nodes": NODES, "wires": wires}, USAGE + NAME + TAKEN + OBJECT) for wires in
          ([{}], [7], wire(node="c"), wire(ifname=""), wire(ifname="lo"), wire(ifname="x" * 16), wire(ips=["x"]), wire(ips=["10.0.0.1"]), wire(mac="x"),
           wire(mac="01:00:00:00:00:01"), wire(color="red"), wire() + wire(), [dict(wire()[0], mtu=1)], [dict(wire()[0], mtu=-1)])]

# Errors that no value alone provokes, and the test that has them.
ELSEWHERE = {
    "PermissionDenied": "tests/netns/engine/engine_api.py",
    "AddressesExhausted": "tests/netns/engine/engine_ipam.py",
    "Unavailable": "tests/conformance/cni/cni_test.py",
    "KernelFailure": "tests/netns/engine/engine_api.py",
    "InputOutput": "tests/fault/store.sh",
    "Internal": "tests/unit/varlink.c",
}
