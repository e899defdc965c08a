#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""man - holds the man pages against what the programs say of themselves.

usage: man.py ROOT BIN

Complaints are lines "PAGE: text"; the exit status is 1 when there are any:
  - an installed program, or a verb of `moat help`, has no page in docs/man;
  - an option in the help of a verb does not occur in its page (moat-VERB.1.scd, for all verbs of a noun), or a page
    defines one (a line that begins with "*-") that the help does not name;
  - an option in the help of a verb is none that the verb takes;
  - a verb of a noun, as "moat tenant create", does not occur in the noun's page;
  - a key of moatd.yaml is missing from its page or from configs/moatd.yaml, or is none;
  - a page refers to another of Moat's that is not there, or scdoc(1) refuses it.
Whoever adds an option writes it into usage text and page: its name must occur, in bold, and that is all that is asked.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

OPTION = re.compile(r"(?<![\w/*.-])(--[a-z][a-z0-9-]*|-[a-zA-Z])(?![\w-])")
# Options of commands that examples run, and what every verb takes: moat(1) has those.
COMMON = {"--json", "--socket", "--dry-run", "--quiet", "-q", "--help", "-h"}
# Installed programs whose page is not that of their name.
NAMES = {"usr/lib/cni/moat": "moat-cni.8", "usr/bin/moat": "moat.1", "usr/libexec/moat/teardown": "moatd.8"}

# Some verbs make the runtime directory: not the machine's.
RUNTIME = tempfile.TemporaryDirectory(prefix="moat-man-")

complaints = []


def complain(page, text):
    complaints.append(f"{page}: {text}")


def said(command):
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         env={"MOAT_SOCKET": "/nonexistent", "MOAT_RUNTIME_DIR": RUNTIME.name,
                              "PATH": "/usr/bin:/bin"}, check=False)
    return run.stdout


def options(text):
    return set(OPTION.findall(text))


def defined(page):
    """Options a page defines: in bold at the beginning of a line, several separated by commas."""
    found = set()
    for line in page.splitlines():
        if line.startswith("*-"):
            found |= set(re.findall(r"\*(--?[a-zA-Z][a-z0-9-]*)\*", line))
    return found


def compare(name, page, texts, common):
    for option in sorted(options("\n".join(texts)) - common):
        if not re.search(rf"\*{re.escape(option)}\*", page):
            complain(name, f"{option} is missing")
    for option in sorted(defined(page) - options("\n".join(texts)) - common):
        complain(name, f"{option} is defined, but no help names it")


def check_taken(moat, verb, text):
    """What the help names, the verb's own parser must know."""
    for option in sorted(options(text) - COMMON):
        if "unknown option" in said([moat, *verb, option]):
            complain(f"moat {' '.join(verb)}", f"{option} is in the help, but it is no option")


def check_verbs(moat, pages):
    for verb in json.loads(said([moat, "--json", "help"]))["verbs"]:
        name = "moat.1" if verb["name"] == "help" else f"moat-{verb['name']}.1"
        page = pages.get(name)
        if page is None:
            complain(name, f"no page of the verb {verb['name']}")
            continue
        for sub in verb.get("verbs", []):
            if f"*moat {verb['name']} {sub['name']}*" not in page:
                complain(name, f'"moat {verb["name"]} {sub["name"]}" is missing')
            check_taken(moat, [verb["name"], sub["name"]], sub["usage"])
        if not verb.get("verbs"):
            check_taken(moat, [verb["name"]], verb["usage"])
            if f"*moat {verb['name']}*" not in page:
                complain(name, f'"moat {verb["name"]}" is missing')
        if name != "moat.1":
            compare(name, page, [verb["usage"], *(sub["usage"] for sub in verb.get("verbs", []))], COMMON)


def check_programs(root, bin_dir, pages):
    for line in (root / "tests/package/installed.txt").read_text(encoding="ascii").splitlines():
        mode, _, path = line.partition(" ")
        if mode != "755":
            continue
        program = path.rsplit("/", 1)[1]
        name = NAMES.get(path) or next((n for n in (f"{program}.8", f"{program}.1") if n in pages), None)
        if name is None or name not in pages:
            complain(path, "this program has no page")
        elif program.startswith("moatd"):
            compare(name, pages[name], [said([str(bin_dir / program), "--help"])], COMMON - {"-h", "--help"} | {"--help", "-h"})


def check_settings(root, pages):
    """Keys of moatd.yaml: the program that reads it, the page, the example that is installed."""
    text = (root / "netd/seam/settings.c").read_text(encoding="utf-8")
    # rows of its table, and what is looked for beside that
    known = set(re.findall(r'^\t\{ "(\w+)", offsetof|str_eq\(line, "(\w+)"\)', text, re.M))
    known = {name for pair in known for name in pair if name}
    page = set(re.findall(r"^\*(\w+)\*$", pages.get("moatd.yaml.5", ""), re.M))
    example = set(re.findall(r"^#?(\w+): ", (root / "configs/moatd.yaml").read_text(encoding="utf-8"), re.M))
    for name, keys in (("moatd.yaml.5", page), ("configs/moatd.yaml", example)):
        for key in sorted(known ^ keys):
            complain(name, f"{key} is {'missing' if key in known else 'no key of settings.c'}")
    if not known:
        complain("netd/seam/settings.c", "its table of keys is not read by this test any more")


def main():
    root, bin_dir = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    pages = {path.name[:-4]: path.read_text(encoding="utf-8") for path in (root / "docs/man").glob("*.scd")}
    moat = str(bin_dir / "moat")
    check_verbs(moat, pages)
    check_programs(root, bin_dir, pages)
    check_settings(root, pages)
    for option in sorted(COMMON):
        if f"*{option}*" not in pages["moat.1"]:
            complain("moat.1", f"{option} is missing")
    for name, text in sorted(pages.items()):
        for page, section in re.findall(r"\*(moat[a-z.-]*)\*\((\d)\)", text):
            if f"{page}.{section}" not in pages:
                complain(name, f"{page}({section}) is not there")
        if shutil.which("scdoc"):
            run = subprocess.run(["scdoc"], input=text, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                 check=False)
            if run.returncode:
                complain(name, run.stderr.strip())
    print("\n".join(complaints) or f"{len(pages)} pages hold")
    return 1 if complaints else 0


sys.exit(main())
