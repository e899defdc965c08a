# SPDX-License-Identifier: GPL-2.0-or-later
"""engine_input.py - every parameter of every method, as the interface description has them, with what it must not be.

Of the wrong type: InvalidParameter. Missing where it must be there: InvalidParameter. One that no method has:
InvalidParameter. A name that breaks the rule, an object that is not there, an address, prefix or port that is none: the
table of input_table.py. Afterwards nothing has changed.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from input_table import TABLE, USAGE  # noqa: E402
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


def main():
    with Moat() as moat:
        moat.call("TenantCreate", name="red")
        moat.call("NetworkCreate", name="red/web", subnets=["10.0.0.0/24", "fd00:5::/64"])
        moat.call("EndpointAttach", network="red/web", create=True, name="held", ips=["10.0.0.20"], publish=["8080:80"])
        moat.call("TenantCreate", name="poor", quota={"networks": 0})
        moat.call("LabUp", name="lab", nodes=[{"name": "a"}], wires=[])
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
