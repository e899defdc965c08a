#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""picture - the layout of a host in box drawing characters, from what `moat --json` says.

Usage: picture.py HOST-ADDRESS OUTSIDE-ADDRESS < documents, one after the other: the lists of
tenants, networks, endpoints, published ports and containers, in any order.
"""
import json
import os
import shutil
import sys

COLOURS = {"red": "31", "blue": "34", "green": "32"}


def documents(text):
    decoder, at, found = json.JSONDecoder(), 0, {}
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        document, at = decoder.raw_decode(text, at)
        if not isinstance(document, dict):
            document = {"containers": document}
        for key, value in document.items():
            found.setdefault(key, []).extend(value)
    return found


def short(address):
    return address.split("/")[0]


def four_first(addresses):
    return sorted((short(a) for a in addresses), key=lambda a: ":" in a)


def box(title, lines, colour=None, inner=None):
    """Lines of a frame with its title in the upper edge."""
    width = max([len(title) + 4] + [len(line) + 2 for line in lines] + [inner or 0])
    paint = COLOURS.get(colour) if os.environ.get("DEMO_COLOUR") else None
    on, off = (f"\x1b[{paint}m", "\x1b[0m") if paint else ("", "")
    out = [(f"┌─ {title} " + "─" * (width - len(title) - 3) + "┐", on, off)]
    out += [("│ " + line.ljust(width - 1) + "│", on, off) for line in lines]
    out.append(("└" + "─" * width + "┘", on, off))
    return out


def tenant_box(tenant, data):
    prefix = tenant["name"] + "/"
    lines = [f"uplink   {short(tenant['transit'][0])}" if tenant.get("transit") else "no uplink"]
    running = {}
    for container in data.get("containers", []):
        command = container.get("command") or container.get("args") or ""
        words = command if isinstance(command, list) else command.split()
        running[container.get("name")] = os.path.basename(words[0]) if words else ""
    networks = [n for n in data.get("networks", []) if n["name"].startswith(prefix)]
    for network in networks:
        lines += ["", f"network {network['name'][len(prefix):]}   " + "  ".join(network["subnets"]),
                  "│ gateway " + "  ".join(four_first(network["gateways"]))]
        ends = [e for e in data.get("endpoints", []) if e.get("network") == network["name"]]
        for number, end in enumerate(sorted(ends, key=lambda e: e["stack"])):
            branch = "└─" if number == len(ends) - 1 else "├─"
            stack = end["stack"][len(prefix):]
            what = running.get(end["stack"]) or running.get(stack) or ""
            lines.append(f"{branch} {stack:8} {'  '.join(four_first(end['ips'])):24} {what}".rstrip())
    return box(f"tenant {tenant['name']}: its router", lines, tenant["name"])


def beside(boxes, gap=2):
    """Boxes of any height next to each other; each line as plain text and as it is printed."""
    height = max(len(b) for b in boxes)
    rows = []
    for row in range(height):
        plain, painted = "", ""
        for b in boxes:
            text, on, off = b[row] if row < len(b) else (" " * len(b[0][0]), "", "")
            plain += " " * gap * bool(plain) + text
            painted += " " * gap * bool(painted) + on + text + off
        rows.append((plain, painted))
    return rows


def main():
    host, outside = sys.argv[1:3]
    data = documents(sys.stdin.read())
    boxes = [tenant_box(t, data) for t in sorted(data["tenants"], key=lambda t: t["name"] != "red")]
    room, lines, row = max(shutil.get_terminal_size((110, 40)).columns, 80) - 6, [], []
    for item in boxes:
        if row and sum(len(b[0][0]) + 2 for b in row) + len(item[0][0]) > room:
            lines += beside(row)
            row = []
        row.append(item)
    lines += beside(row)
    ports = [(p["hostPort"], p["endpoint"], p["port"], p["proto"]) for p in data.get("ports", [])]
    edge = ["published: " + "   ".join(f":{number} → {end.split(':')[0]}:{port}/{proto}"
                                       for number, end, port, proto in sorted(ports))] if ports else []
    width = max([len(plain) for plain, _ in lines] + [len(e) for e in edge] + [60]) + 2
    centre = " " * (2 + width // 2)
    print(f"{centre[:max(2, len(centre) - 10)]}the internet  {outside}")
    print(f"{centre}  │")
    title = f" the host  {host} "
    left = (width - len(title)) // 2
    print("  ┌" + "─" * left + title + "─" * (width - left - len(title)) + "┐")
    for line in edge + [""]:
        print(f"  │ {line.ljust(width - 1)}│")
    for plain, painted in lines:
        print(f"  │ {painted}{' ' * (width - 1 - len(plain))}│")
    print("  └" + "─" * width + "┘")


main()
