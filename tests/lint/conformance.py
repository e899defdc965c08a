#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""conformance.py SOURCE - docs/CONFORMANCE.md names tests that there are: each "FILE: NAME" is an assertion of that name
in tests/FILE, or a function of a test in Python, each FILE alone a file. A row that names none is an error, too."""

import pathlib
import re
import sys


def reference_wrong(tests, text):
    """Why it is none, or None."""
    file, _, name = text.partition(": ")
    path = tests / file
    if not path.is_file():
        return f"no such file: {path}"
    # The names of assertions stand in quotes, behind the word that makes them.
    if name and f'"{name}' not in path.read_text() and f"def {name}(" not in path.read_text():
        return f'no assertion "{name}" in {path}'
    return None


def wrong(document, tests):
    """Every line of the document that does not hold."""
    rows = 0
    for number, line in enumerate(document.read_text().splitlines(), 1):
        references = []
        if line.startswith("|") and not re.match(r"\|(-|\s*section)", line):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows += 1
            if len(cells) != 3 or not all(cells):
                yield f"{document}:{number}: not three cells"
                continue
            references = [cells[2]]
        references += [r for r in re.findall(r"\((vm/[^()]+)\)", line) if not line.startswith("|")]
        for reference in references:
            why = reference_wrong(tests, reference)
            if why:
                yield f"{document}:{number}: {why}"
    if rows < 60:
        yield f"{document}: {rows} rows are not the whole spec"


def main():
    source = pathlib.Path(sys.argv[1])
    tests = source / "tests"
    if None in (reference_wrong(tests, "conformance/oci/must.sh: no such assertion"),
                reference_wrong(tests, "conformance/cni/cni_test.py: test_nothing_of_the_kind")):
        sys.exit("this program finds what is not there")
    lines = list(wrong(source / "docs/CONFORMANCE.md", tests))
    print("\n".join(lines))
    sys.exit(1 if lines else 0)


main()
