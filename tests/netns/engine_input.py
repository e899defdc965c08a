# SPDX-License-Identifier: GPL-2.0-or-later
"""engine_input.py - every parameter of every method, as the interface description has them, with what it must not be.

Of the wrong type: InvalidParameter. Missing where it must be there: InvalidParameter. One that no method has:
InvalidParameter. A name that breaks the rule, an object that is not there, an address, prefix or port that is none: the
table below. Afterwards nothing has changed.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from moatsock import Moat, MoatError  # noqa: E402

TYPES = {"string": "x", "int": 1, "bool": True, "[]string": ["x"], "[string]string": {"x": "y"}}
WRONG = [7, "x", True, [], {}, 1.5, [[1]], {"x": 1}, -1 << 62, "\u0000"]
# A number is no duration, a list of anything but texts no list of texts ...
TAKES = {"string": (str,), "int": (int,), "bool": (bool,), "[]": (list,), "[string]": (dict,), "(": (dict,)}

failures = []


def description():
    with Moat() as moat:
        moat.sock.sendall(json.dumps({"method": "org.varlink.service.GetInterfaceDescription",
                                      "parameters": {"interface": "io.moat"}}).encode() + b"\0")
        return moat.receive()["description"]


def methods(text):
    """Return: {method: [(name, type, may be left out)]}"""
    found = {}
    text = re.sub(r"#.*", "", text)
    for name, inside in re.findall(r"method (\w+)\s*\(([^)]*)\)", text):
        found[name] = [(parameter, kind.lstrip("?"), kind.startswith("?"))
                       for parameter, kind in re.findall(r"(\w+)\s*:\s*([^,\s]+)", inside)]
    return found


def takes(kind, value):
    """Is @value of the type, as far as JSON can tell?"""
    if isinstance(value, bool):
        return kind == "bool"
    for word, types in TAKES.items():
        if kind.startswith(word):
            return isinstance(value, types)
    return isinstance(value, dict)  # a type of the interface's own


def ask(method, parameters):
    """Return: the error's name, or None."""
    try:
        with Moat() as moat:
            moat.call(method, **parameters)
    except MoatError as error:
        return error.code
    except ConnectionError:
        return "closed"
    return None


def expect(method, parameters, codes):
    code = ask(method, parameters)
    if code not in codes:
        failures.append("%s %s: %s, not %s" % (method, json.dumps(parameters)[:200], code, " or ".join(map(str, codes))))


def plausible(parameters):
    """Of each parameter that must be there something of its type."""
    return {name: TYPES.get(kind, {} if not kind.startswith("[]") else []) for name, kind, optional in parameters if not optional}


def state():
    with Moat() as moat:
        return [moat.call(method) for method in ("TenantList", "NetworkList", "StackList", "EndpointList", "PublishList", "LabList")]


# What a value of the right type must be refused with: (method, parameters, errors).
OBJECT = ("NoSuchObject",)
NAME = ("InvalidName",)
USAGE = ("InvalidParameter",)
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


def main():
    with Moat() as moat:
        moat.call("TenantCreate", name="red")
        moat.call("NetworkCreate", name="red/web", subnets=["10.0.0.0/24", "fd00:5::/64"])
        moat.call("EndpointAttach", network="red/web", create=True, name="held", ips=["10.0.0.20"], publish=["8080:80"])
    before = state()
    known = methods(description())
    assert len(known) > 25 and ("name", "string", False) in known["TenantCreate"], known
    asked = 0
    for method, parameters in known.items():
        if method == "Events":
            continue
        good = plausible(parameters)
        expect(method, dict(good, nobodyKnowsThis=1), USAGE)
        for name in good:
            expect(method, {key: value for key, value in good.items() if key != name}, USAGE)
        for name, kind, _ in parameters:
            for value in WRONG:
                if not takes(kind, value):
                    # no C program can hold a text with a zero byte: that is no message
                    expect(method, dict(good, **{name: value}), ("closed",) if value == "\u0000" else USAGE)
                    asked += 1
    print("# %d methods, %d values of a wrong type, %d rows" % (len(known), asked, len(TABLE)))
    for method, parameters, codes in TABLE:
        expect(method, parameters, codes)
    for line in failures:
        print("# " + line)
    print("%sok 1 - what is wrong is refused by its name" % ("not " if failures else ""))
    after = state()
    print("%sok 2 - and nothing has changed" % ("" if after == before else "not "))
    with Moat() as moat:
        left = moat.call("Check")["differences"]
    print("%sok 3 - nor in the kernel" % ("not " if left else ""))
    print("1..3")
    return 1 if failures or left or after != before else 0


if __name__ == "__main__":
    sys.exit(main())
