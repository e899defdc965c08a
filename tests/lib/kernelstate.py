# SPDX-License-Identifier: GPL-2.0-or-later
"""kernelstate - everything that stands in a network namespace, as sorted lines of text to be compared.

Read by ip, bridge, nft and /proc, none of which is Moat's. Left out is what no one set: counters, handles, indices,
timers, group memberships, the random MAC of a port's host end, neighbours that were learned.
"""
import json
import os
import re
import subprocess
import time

KNOBS = ("ipv4/conf/*/forwarding ipv4/conf/*/route_localnet ipv4/conf/*/accept_redirects ipv4/conf/*/rp_filter "
         "ipv4/conf/*/arp_ignore ipv6/conf/*/forwarding ipv6/conf/*/accept_ra ipv6/conf/*/addr_gen_mode "
         "ipv6/conf/*/disable_ipv6 ipv6/conf/*/proxy_ndp ipv6/conf/*/force_forwarding netfilter/nf_conntrack_tcp_loose "
         "ipv4/ip_early_demux "
         "ipv4/ip_unprivileged_port_start ipv4/ping_group_range")
MARK = "@@@@"
NOFREE = os.path.join(os.environ.get("MOAT_BIN_DIR", ""), "..", "tests", "nofree.so")
SCRIPT = ("ip -j -d link show; echo {m}; ip -j addr show; echo {m}; ip -j -4 route show table all; echo {m};"
          "ip -j -6 route show table all; echo {m}; ip -j neigh show nud permanent; echo {m};ip -j -6 neigh show proxy; echo {m};"
          "bridge -j fdb show; echo {m}; {n}nft -j -s list ruleset; echo {m};"
          # In JSON, nft 1.0.6 does not tell the devices of a chain that has several.
          "nft list table netdev moat 2>/dev/null; echo {m};"
          "cd /proc/sys/net && grep -s '' {k}").format(
              m=MARK, k=KNOBS, n="LD_PRELOAD=%s " % NOFREE if os.path.exists(NOFREE) else "")
# Of a table whose owner died nft 1.0.6 prints what lies behind its list of names, a word or none, and then it is no JSON; and it
# prints that from memory that it has freed (nofree.c).
TABLE_FLAGS = re.compile(r'("table": \{[^{}]*?), "flags": .*?\}(?=\}(?:, \{|\]))', re.DOTALL)
PORT_FLAGS = ("learning", "flood", "mcast_flood", "bcast_flood", "guard", "root_block")


def without_flags(text):
    return TABLE_FLAGS.sub(r"\1}", text)


def parse(text):
    text = text.strip()
    try:
        return json.loads(text) if text else []
    except json.JSONDecodeError as error:
        error.add_note("near: %r" % text[max(0, error.pos - 120):error.pos + 60])
        raise


def link_lines(links):
    for link in links:
        name = link["ifname"]
        info = link.get("linkinfo", {})
        words = ["link", name, info.get("info_kind", "-"), "up" if "UP" in link["flags"] else "down",
                 "mtu=%s" % link["mtu"], "master=%s" % link.get("master", "-"),
                 "queues=%s,%s" % (link.get("num_tx_queues"), link.get("num_rx_queues")),
                 "alias=%s" % link.get("ifalias", "")]
        if not name.startswith("mp"):
            words.append("mac=%s" % link.get("address"))
        slave = info.get("info_slave_data", {})
        words += ["%s=%s" % (flag, slave[flag]) for flag in PORT_FLAGS if flag in slave]
        yield " ".join(words)


def address_lines(links):
    for link in links:
        for address in link.get("addr_info", []):
            if "local" in address:
                yield "addr %s %s/%s scope=%s%s" % (link["ifname"], address["local"], address["prefixlen"],
                                                    address["scope"], " nodad" if address.get("nodad") else "")


def route_lines(family, routes):
    for route in routes:
        # one that ends by itself stands for the kernel's own a moment (netd/hand/settle.c)
        if route.get("type") in ("multicast", "broadcast", "anycast") or (route.get("type") == "local" and "expires" in route):
            continue
        yield "route%s %s" % (family, " ".join(
            "%s=%s" % (key, route[key])
            for key in ("type", "dst", "gateway", "dev", "protocol", "scope", "table", "metric") if key in route))


def neighbour_lines(neighbours):
    for n in neighbours:
        yield "neigh %s %s %s" % (n["dev"], n["dst"], n.get("lladdr"))


def fdb_lines(entries):
    for e in entries:
        if e["mac"].startswith(("33:33:", "01:00:5e:", "01:80:c2:")) or e.get("state") not in ("static", "permanent"):
            continue
        # A port's own address is of the kernel's making.
        if e["ifname"].startswith("mp") and e["state"] == "permanent":
            continue
        yield "fdb %s %s %s master=%s" % (e["ifname"], e["mac"], e["state"], e.get("master", "-"))


def clean(value):
    """Without handles and indices; lists of devices in order."""
    if isinstance(value, dict):
        return {key: clean(part) for key, part in value.items() if key not in ("handle", "index", "elem")}
    if isinstance(value, list):
        return [clean(part) for part in value]
    return value


def nft_lines(ruleset):
    for item in ruleset.get("nftables", []) if ruleset else []:
        (kind, body), = item.items()
        if kind == "metainfo":
            continue
        if kind == "chain" and body["name"].startswith("guard_"):
            body = {key: part for key, part in body.items() if key != "dev"}
        if kind == "table":
            body = {"family": body["family"], "name": body["name"]}
        if kind == "counter":
            body = {"family": body["family"], "table": body["table"], "name": body["name"]}
        yield "nft %s %s" % (kind, json.dumps(clean(body), sort_keys=True))
        for element in body.get("elem", []):
            if isinstance(element, dict) and {"counter", "limit", "ct count"} & set(element.get("elem", {})):
                continue  # packets made it
            yield "nft element %s %s %s %s" % (body["family"], body["table"], body["name"],
                                               json.dumps(element, sort_keys=True))


def device_lines(text):
    for devices in re.findall(r"devices? (?:= )?(?:\{ )?([^}\n]*?)(?: \})? priority", text):
        for device in devices.split(", "):
            yield "nft device " + device.strip('"')


def read(netns=None):
    """netns: path of a namespace; None: ours. Return: sorted lines."""
    for _ in range(100):
        try:
            return read_once(netns)
        except json.JSONDecodeError:
            time.sleep(0.1)
    return read_once(netns)


def read_once(netns):
    command = ["nsenter", "--net=" + netns] if netns else []
    done = subprocess.run(command + ["sh", "-c", SCRIPT], capture_output=True, text=True, errors="replace")
    parts = done.stdout.split(MARK + "\n")
    if len(parts) != 10:
        raise RuntimeError("cannot read %s: %s" % (netns or "the host", done.stderr.strip()))
    lines = list(link_lines(parse(parts[0])))
    lines += address_lines(parse(parts[1]))
    lines += route_lines(4, parse(parts[2]))
    lines += route_lines(6, parse(parts[3]))
    lines += neighbour_lines(parse(parts[4]))
    lines += ["proxy %s %s" % (n["dev"], n["dst"]) for n in parse(parts[5])]
    lines += fdb_lines(parse(parts[6]))
    lines += nft_lines(parse(without_flags(parts[7])))
    lines += device_lines(parts[8])
    lines += ["sysctl " + line.replace("\t", " ") for line in parts[9].splitlines()]
    return sorted(lines)


def difference(have, want):
    """Lines of a report: what is missing and what is too much. Empty when equal."""
    missing, extra = list(want), []
    for line in have:
        if line in missing:
            missing.remove(line)
        else:
            extra.append(line)
    return ["missing: " + line for line in missing] + ["extra: " + line for line in extra]


def renamed(lines, names):
    """names: what is called differently in two worlds -> a word for it."""
    for old in sorted(names, key=len, reverse=True):
        lines = [line.replace(old, names[old]) for line in lines]
    return sorted(lines)
