#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""lint - holds the tree against docs/layers.txt and the few rules that no compiler checks.

usage: lint.py ROOT

Each complaint is a line "FILE:LINE: [RULE] text"; the exit status is 1 when there are any.
lint_test.py proves that each rule can fail. The rules:

  floor    an include that the file's floor does not allow
  link     a library linked by CMake that the floor does not allow
  only     an outside header, name or library used where it does not belong
  root     an include in quotes that does not start at the top of the tree
  exec     system(), popen(), or a networking tool run from the product
  spdx     a source that does not start with its licence
  lines    a source of more than 800 lines
  skip     a cmocka test that is skipped so that nobody sees it: by skip(), or by needs() and not called needs_*
  platform a program of tests/platform that docs/KERNEL.md does not name
"""

import fnmatch
import os
import re
import sys

PRODUCT = ("lib", "netd", "runner", "cni")
TOPS = PRODUCT + ("tests",)
RULES = ("floor", "link", "only", "root", "exec", "spdx", "lines", "skip", "platform")
LINES_MAX = 800
SPDX = re.compile(r"(/\*|//) SPDX-License-Identifier: GPL-2\.0-or-later( \*/)?$")
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]*)"|<([^>]*)>)', re.M)
TOOLS = r"(?:ip|nft|tc|bridge|ebtables|arptables|ipset|ip6?tables(?:-[a-z]+)*)"
EXEC = (
    (re.compile(r"\b(?:system|popen)\s*\("), "runs a shell"),
    (re.compile(r'"(?:/[^"\s]*)?/s?bin/%s[" ]' % TOOLS), "names the path of a networking tool"),
    (re.compile(r'\b(?:f?exec[lv]p?e?|execvpe|execveat|posix_spawnp?)\s*\([^;]*?"%s"' % TOOLS),
     "runs a networking tool"),
    # an argument vector: the tool's name, then another string or the end
    (re.compile(r'\{\s*"(?!bridge")%s"\s*,\s*(?:"|NULL\b|\(char)' % TOOLS),
     "holds the arguments of a networking tool"),
)


CMOCKA_TEST = re.compile(r"^(?:static )?void (\w+)\(void \*\*\w+\)", re.M)


class Layers:
    """The table of docs/layers.txt."""

    def __init__(self, path):
        self.floors = {}
        self.only = []
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                line = line.split("#")[0].strip()
                if not line:
                    continue
                match = re.fullmatch(r"(floor|only)\s+(\S+):(?:\s+(.*))?", line)
                if not match:
                    raise SystemExit("%s:%d: not understood" % (path, number))
                words = (match[3] or "").split()
                if match[1] == "floor":
                    self.floors[match[2]] = words
                else:
                    self.only.append((match[2], words))

    def floor_of(self, file):
        """The deepest listed folder that holds the file, or None."""
        folder = os.path.dirname(file)
        while folder and folder not in self.floors:
            folder = os.path.dirname(folder)
        return folder or None

    def may_include(self, floor, header):
        target = self.floor_of(header)
        return target == floor or any(
            target == what or fnmatch.fnmatchcase(header, what) for what in self.floors[floor])

    def may_link(self, floor, folder):
        return folder == floor or any(
            what == folder or os.path.dirname(what) == folder for what in self.floors[floor])


def within(file, places):
    return any(file == place or file.startswith(place + "/") for place in places)


def blank(text, comments, strings):
    """The text with comments or strings replaced by blanks; every line stays where it is."""
    def replace(match):
        token = match[0]
        wanted = comments if token.startswith("/") else strings
        return re.sub(r"[^\n]", " ", token) if wanted else token
    return TOKEN.sub(replace, text)


class Lint:
    def __init__(self, root):
        self.root = root
        self.layers = Layers(os.path.join(root, "docs", "layers.txt"))
        self.complaints = []
        with open(os.path.join(root, "docs", "KERNEL.md"), encoding="utf-8") as f:
            self.facts = set(re.findall(r"^\| `(\w+)` \|", f.read(), re.M))

    def complain(self, file, line, rule, text):
        assert rule in RULES
        self.complaints.append("%s:%d: [%s] %s" % (file, line, rule, text))

    def run(self):
        for top in TOPS:
            for folder, folders, files in os.walk(os.path.join(self.root, top)):
                folders.sort()
                for name in sorted(files):
                    path = os.path.join(folder, name)
                    file = os.path.relpath(path, self.root)
                    if name.endswith((".c", ".h")):
                        with open(path, encoding="utf-8", errors="replace") as f:
                            self.source(file, f.read())
                    elif name == "CMakeLists.txt" and top in PRODUCT:
                        with open(path, encoding="utf-8") as f:
                            self.cmake(file, f.read())
        return self.complaints

    def source(self, file, text):
        lines = text.splitlines()
        if not lines or not SPDX.match(lines[0]):
            self.complain(file, 1, "spdx", "does not start with its SPDX line")
        if len(lines) > LINES_MAX:
            self.complain(file, len(lines), "lines", "more than %d lines" % LINES_MAX)
        folder, name = os.path.split(file)
        if folder == "tests/platform" and name.endswith(".c") and name[:-2] not in self.facts:
            self.complain(file, 1, "platform", "docs/KERNEL.md has no row for this program")
        code = blank(text, comments=True, strings=False)
        for match in INCLUDE.finditer(code):
            self.include(file, code.count("\n", 0, match.start()) + 1, match[1], match[2])
        if file.startswith(PRODUCT):
            self.names(file, blank(code, comments=True, strings=True))
            self.exec(file, code)
        elif file != "tests/lib/needs.h":
            self.skip(file, blank(code, comments=True, strings=True))

    def skip(self, file, code):
        for match in re.finditer(r"(?<![\w.])(?:(skip)\s*\(\s*\)|needs\s*\()", code):
            tests = [test[1] for test in CMOCKA_TEST.finditer(code, 0, match.start())]
            if match[1] or not tests or not tests[-1].startswith("needs_"):
                self.complain(file, code.count("\n", 0, match.start()) + 1, "skip",
                              "what may be skipped is a test needs_* and says needs() (tests/lib/needs.h)")

    def include(self, file, line, ours, outside):
        product = file.split("/")[0] in PRODUCT
        if outside is not None:
            if product:
                self.belongs(file, line, "<%s>" % outside)
            return
        if ours.split("/")[0] not in TOPS or ".." in ours.split("/"):
            self.complain(file, line, "root", '"%s" does not start at the top' % ours)
            return
        if not product:
            return
        floor = self.layers.floor_of(file)
        if floor is None:
            self.complain(file, line, "floor", "its folder has no line in docs/layers.txt")
        elif not self.layers.may_include(floor, ours):
            self.complain(file, line, "floor", "%s may not include %s" % (floor, ours))

    def belongs(self, file, line, word):
        for what, places in self.layers.only:
            if fnmatch.fnmatchcase(word, what) and not within(file, places):
                self.complain(file, line, "only", "%s belongs to %s" % (word, " ".join(places)))

    def names(self, file, code):
        for what, places in self.layers.only:
            if not re.fullmatch(r"\w+\*?", what) or within(file, places):
                continue
            for match in re.finditer(r"\b%s" % what.replace("*", r"\w*"), code):
                self.belongs(file, code.count("\n", 0, match.start()) + 1, match[0])

    def exec(self, file, code):
        for pattern, text in EXEC:
            for match in pattern.finditer(code):
                self.complain(file, code.count("\n", 0, match.start()) + 1, "exec", text)

    def cmake(self, file, text):
        floor = self.layers.floor_of(file)
        text = re.sub(r"#[^\n]*", "", text)
        for match in re.finditer(r"PkgConfig::[\w.-]+", text):
            self.belongs(file, text.count("\n", 0, match.start()) + 1, match[0])
        for call in re.finditer(r"\btarget_link_libraries\s*\([^)]*\)", text):
            line = text.count("\n", 0, call.start()) + 1
            for name in re.findall(r"\bmoat_(\w+)\b", call[0]):
                folder = "lib/" + name
                if folder in self.layers.floors and floor is not None and \
                   not self.layers.may_link(floor, folder):
                    self.complain(file, line, "link", "%s may not link moat_%s" % (floor, name))


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    complaints = Lint(sys.argv[1]).run()
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
