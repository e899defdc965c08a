#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""generate bash|zsh - a completion script for moat, out of its own table of commands (`moat --json help` on stdin).

Verbs come from the table. Options and operands are read from the usage texts, as a person reads them: an option is
followed by one space and a word when it takes a value, and that word says of what kind it is. The frames around the
table, core.sh and bash.sh or zsh.sh, stand beside this file.
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
OPTION = re.compile(r"(?<![\w/*.-])(--[a-z][a-z0-9-]*|-[a-zA-Z])(?![\w-])(?: (?!-)(\S+))?")
COMMON = {"--json": None, "--socket": "FILES", "--dry-run": None, "-q": None, "--quiet": None, "-h": None, "--help": None}
CONTAINER_VERBS = {"stop", "restart", "rm", "logs", "exec", "attach-tty", "kill", "wait", "inspect", "pause", "unpause", "stats", "cp"}


def value_kind(word):
    """Of the word behind an option: None where it is none, but the beginning of the description."""
    word = word.strip("[].,")
    if re.fullmatch(r"[a-z0-9]+(\|[a-z0-9]+)+", word):
        return word
    if not re.search(r"[A-Z]|=", word):
        return None
    if word.startswith("container:"):
        return "NET"
    if re.match(r"(PATH|FILE|DIR|SRC)\b", word):
        return "FILES"
    if re.match(r"TENANT/NET", word):
        return "NETWORKS"
    return "USERS" if word.startswith("USER") else "ANYTHING"


def options(usage):
    found = {}
    for option, word in OPTION.findall(usage):
        kind = value_kind(word) if word else None
        if kind or option not in found:
            # A list of words to choose from says more than a name for them.
            if found.get(option) in (None, "ANYTHING"):
                found[option] = kind
    for line in usage.splitlines():  # "-p, --publish SPEC": one value for both
        pair = re.match(r"\s+(-[a-zA-Z]), (--[a-z-]+)", line)
        if pair and pair[2] in found:
            kind = found[pair[2]] or found.get(pair[1])
            found[pair[1]] = found[pair[2]] = kind
    return found


def operand_kind(path, word):
    noun = path.split()[0]
    name = word.strip("[].")
    if path in ("tenant create", "network create"):
        return "TENANTS/" if name == "TENANT/NAME" else "ANYTHING"
    if name == "TENANT" or (noun == "tenant" and name == "NAME"):
        return "TENANTS"
    if name == "TENANT/NETWORK" or (noun == "network" and "NAME" in name):
        return "NETWORKS"
    if noun in CONTAINER_VERBS and name == "NAME":
        return "CONTAINERS"
    kinds = {"LAB": "LABS", "LAB|FILE": "LABS|FILES", "FILE": "FILES", "CMD": "COMMAND", "COMMAND": "COMMAND", "ARG": "FILES",
             "VERB": "VERBS"}
    if name.startswith(("TENANT/NAME", "LAB/NODE")):
        return "ENDPOINTS"
    return kinds.get(name, name if re.fullmatch(r"[a-z]+", name) else "ANYTHING")


def operands(path, usage):
    """Kinds by place, of every synopsis; several at one place are joined by "|". The last one stands for all behind."""
    places, repeated = [], False
    for line in usage.splitlines():
        if not line.startswith(f"moat {path} "):
            continue
        rest = re.sub(r"\s{3,}.*", "", line[len(f"moat {path} "):])
        rest = OPTION.sub(" ", re.sub(r"\[-([^][]|\[[^][]*\])*\](\.\.\.)?", " ", rest))
        rest = re.sub(r"\[OPTION\.\.\.\]|\[OPTION\](\.\.\.)?|\[--\]|(?<!\S)(--|-\S+|\.\.\.|\])(?!\S)", " ", rest)
        repeated = repeated or rest.rstrip().endswith(("...", "...]"))
        for place, word in enumerate(rest.split()):
            kind = operand_kind(path, word)
            if place == len(places):
                places.append([])
            if kind not in places[place]:
                places[place].append(kind)
    return ["|".join(place) for place in places] + ([] if repeated or not places else ["ANYTHING"])


def row(path, usage, subs):
    known = {**options(usage), **COMMON} if not subs else dict(COMMON)
    flags = " ".join(option for option, kind in known.items() if not kind)
    values = " ".join(f"{option}:{kind}" for option, kind in known.items() if kind)
    places = " ".join(operands(path, usage)) if not subs else ""
    return (f"\t'{path}')\n\t\tsubs='{' '.join(sub['name'] for sub in subs)}'\n\t\tflags='{flags}'\n"
            f"\t\tvalues='{values}'\n\t\toperands='{places}'\n\t\t;;\n")


def main():
    verbs = json.load(sys.stdin)["verbs"]
    table = row("", "", verbs)
    for verb in verbs:
        table += row(verb["name"], verb["usage"], verb.get("verbs", []))
        for sub in verb.get("verbs", []):
            table += row(f"{verb['name']} {sub['name']}", sub["usage"], [])
    core = (HERE / "core.sh").read_text(encoding="ascii").replace("\t@TABLE@\n", table)
    frame = (HERE / f"{sys.argv[1]}.sh").read_text(encoding="ascii")
    sys.stdout.write(frame.replace("@CORE@\n", core))


main()
