#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""varlink - reads netd/io.moat.varlink by the grammar of varlink.org and holds the tree against it.

usage: varlink.py ROOT

Complaints are lines "FILE: text"; the exit status is 1 when there are any:
  - the text does not follow the grammar, a type is not defined, or a name is defined twice;
  - an error of the interface is not in lib/base/err.c, or the other way round;
  - a method that a client calls ("io.moat.X" in C, or a name given to a cli_ function) does not exist;
  - runner/cli/cli.c is wrong about which methods take dryRun;
  - a parameter that is more than a switch has no row of tests/netns/engine/input_table.py, which tells what is refused; or an
    error has none there, and no other test that the table names.
The checker checks itself first: each kind of mistake must be found in a text that has it.
"""
import pathlib
import re
import sys

# Called by the command line as interfaces go, refused by the daemon until it has them.
LATER: set[str] = set()

TOKEN = re.compile(r"\s+|#[^\n]*|(->|\[\]|\[string\]|[()?:,]|[A-Za-z_][A-Za-z0-9_.-]*)|(.)")
BASIC = {"bool", "int", "float", "string", "object"}


class Bad(Exception):
    pass


class Parser:
    def __init__(self, text):
        self.tokens, self.at = [], 0
        for match in TOKEN.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if match.group(2):
                raise Bad(f"line {line}: unexpected {match.group(2)!r}")
            if match.group(1):
                self.tokens.append((match.group(1), line))
        self.types, self.methods, self.errors, self.used = {}, {}, {}, []

    def peek(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else None

    def fail(self, wanted):
        where = self.tokens[self.at] if self.at < len(self.tokens) else ("the end", "?")
        raise Bad(f"line {where[1]}: {wanted} expected, not {where[0]!r}")

    def take(self, wanted=None, pattern=None):
        token = self.peek()
        if token is None or (wanted and token != wanted) or (pattern and not re.fullmatch(pattern, token)):
            self.fail(wanted or pattern)
        self.at += 1
        return token

    def parse(self):
        self.take("interface")
        self.name = self.take(pattern=r"[a-z]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
        while self.peek():
            kind = self.take(pattern="type|method|error")
            name = self.take(pattern=r"[A-Z][A-Za-z0-9]*")
            if name in self.types or name in self.methods or name in self.errors:
                raise Bad(f"{name} is defined twice")
            if kind == "method":
                arguments = self.struct()
                self.take("->")
                self.methods[name] = (arguments, self.struct())
            elif kind == "type":
                self.types[name] = self.struct(enum=True)
            else:
                self.errors[name] = self.struct()
        for name, line in self.used:
            if name not in self.types:
                raise Bad(f"line {line}: type {name} is not defined")
        return self

    def struct(self, enum=False):
        fields = {}
        self.take("(")
        while self.peek() != ")":
            if fields:
                self.take(",")
            name = self.take(pattern=r"[A-Za-z](_?[A-Za-z0-9])*")
            if name in fields:
                raise Bad(f"field {name} is defined twice")
            if enum and self.peek() in (",", ")"):
                fields[name] = None
                continue
            self.take(":")
            fields[name] = self.type()
        self.take(")")
        if len({value is None for value in fields.values()}) > 1:
            raise Bad(f"neither an enumeration nor a structure: {', '.join(fields)}")
        return fields

    def type(self):
        text = ""
        if self.peek() == "?":
            text += self.take("?")
        while self.peek() in ("[]", "[string]"):
            text += self.take()
        if self.peek() == "(":
            self.struct(enum=True)
            return text + "(...)"
        line = self.tokens[self.at][1] if self.at < len(self.tokens) else 0
        name = self.take(pattern=r"[A-Za-z][A-Za-z0-9]*")
        if name not in BASIC:
            self.used.append((name, line))
        return text + name


def self_check():
    Parser("interface a.b\n# c\ntype T (x: ?[]int, y: [string]T, z: (p, q))\nmethod M(a: T) -> ()\nerror E ()").parse()
    small = Parser("interface a.b method M(x: int, y: ?bool) -> () method N() -> () error E () error F ()").parse()
    row = ("M", {"x": 7}, ("E",))
    if list(uncovered(small, [row], {"F": "as F is seen"})):
        sys.exit("the checker of the table complains without a reason")
    for table, elsewhere in (([], {"F": "F"}), ([row], {}), ([row], {"F": "not seen"}), ([row, ("M", {"z": 1}, ())], {"F": "F"}),
                             ([row, ("O", {"x": 1}, ())], {"F": "F"}), ([row, ("M", {"x": 1}, ("G",))], {"F": "F"})):
        if not list(uncovered(small, table, elsewhere)):
            sys.exit(f"the checker of the table does not find what is wrong in {table}, {elsewhere}")
    for text in ("", "interface A", "interface a.b type t ()", "interface a.b type T (x: int",
                 "interface a.b type T (x: Y)", "interface a.b type T () error T ()", "interface a.b method M()",
                 "interface a.b type T (x: int, x: int)", "interface a.b type T (x, y: int)",
                 "interface a.b type T (x: ??int)", "interface a.b method M() -> (x: int,)", "interface a.b type T (x; y)"):
        try:
            Parser(text).parse()
        except Bad:
            continue
        sys.exit(f"the checker does not find what is wrong in {text!r}")


def calls(root):
    """(file, method) of everything that clients call"""
    given = re.compile(r"\b(?:cli_call|cli_list|cli_show|cli_change|cli_delete|cli_list_of_tenant|write_run|change_run)"
                       r"\s*\(([^;{]*)")
    for top in ("runner", "cni"):
        for path in sorted((root / top).rglob("*.c")):
            text = path.read_text(encoding="utf-8")
            for name in re.findall(r'"io\.moat\.([A-Z][A-Za-z]*)"', text):
                yield path, name
            if top == "runner":
                for arguments in given.findall(text):
                    for name in re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)*)"', arguments):
                        yield path, name


def refused(root, interface):
    """Complaints about what the table of refused values leaves out."""
    sys.path.insert(0, str(root / "tests/netns/engine"))
    from input_table import ELSEWHERE, TABLE  # pylint: disable=import-error,import-outside-toplevel
    return uncovered(interface, TABLE, {error: (root / path).read_text(encoding="utf-8") for error, path in ELSEWHERE.items()})


def uncovered(interface, table, elsewhere):
    asked = {(method, parameter) for method, parameters, _ in table for parameter in parameters}
    told = {error for _, _, errors in table for error in errors}
    for method, parameter in sorted(asked):
        if parameter not in interface.methods.get(method, ({},))[0]:
            yield f"tests/netns/engine/input_table.py: {method} has no parameter {parameter}"
    for method, (arguments, _) in interface.methods.items():
        for parameter, kind in arguments.items():
            if kind not in ("bool", "?bool") and (method, parameter) not in asked:
                yield f"tests/netns/engine/input_table.py: what is no {parameter} of {method}?"
    for error in sorted((told | set(elsewhere)) - set(interface.errors)):
        yield f"tests/netns/engine/input_table.py: there is no error {error}"
    for error in interface.errors:
        if error not in told and error not in elsewhere.get(error, ""):
            yield f"tests/netns/engine/input_table.py: nothing is refused with {error}"


def main():
    root = pathlib.Path(sys.argv[1])
    complaints = []
    self_check()
    file = root / "netd/io.moat.varlink"
    try:
        interface = Parser(file.read_text(encoding="utf-8")).parse()
    except Bad as bad:
        print(f"{file}: {bad}")
        return 1
    for name, (arguments, _) in interface.methods.items():
        if arguments.get("dryRun", "?bool") != "?bool":
            complaints.append(f"{file}: {name}: dryRun is {arguments['dryRun']}")
    for name, fields in interface.errors.items():
        if {"message": "string", "object": "string"}.items() - fields.items():
            complaints.append(f"{file}: error {name} lacks message and object")

    kinds = set(re.findall(r'"io\.moat\.([A-Za-z]+)"', (root / "lib/base/err.c").read_text(encoding="utf-8")))
    for name in sorted(kinds ^ set(interface.errors)):
        complaints.append(f"{file}: error {name} is not both here and in lib/base/err.c")

    found = list(calls(root))
    if len({name for _, name in found}) < 20:
        complaints.append("runner/cli: few calls were found: is this checker still right about how they are written?")
    for path, name in found:
        if name not in interface.methods and name not in LATER and name not in interface.errors:
            complaints.append(f"{path}: there is no method {name}")
    for name in sorted(LATER & set(interface.methods)):
        complaints.append(f"{name} is there: strike it from LATER")

    table = re.search(r"changing_methods\[\] = \{(.*?)\};", (root / "runner/cli/cli.c").read_text(encoding="utf-8"), re.S)
    named = set(re.findall(r'"(\w+)"', table.group(1))) if table else set()
    changing = {name for name, (arguments, _) in interface.methods.items() if "dryRun" in arguments} | LATER
    complaints += refused(root, interface)
    for name in sorted(named ^ changing):
        complaints.append(f"runner/cli/cli.c: changing_methods and dryRun of the interface differ about {name}")
    print("\n".join(complaints) or
          f"{len(interface.methods)} methods, {len(interface.errors)} errors, {len(interface.types)} types, "
          f"{len(found)} calls")
    return 1 if complaints else 0


sys.exit(main())
