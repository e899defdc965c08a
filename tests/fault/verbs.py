# SPDX-License-Identifier: GPL-2.0-or-later
"""verbs - every changing request, as pairs of which one undoes the other; for cut.py.

A pair has two states of the world, "before" and "after": its first verb leads from one to the other, its second back.
"""
import json
import os
import subprocess

from moatsock import Moat, MoatError

MOAT = os.path.join(os.environ["MOAT_BIN_DIR"], "moat")
PLUGIN = os.path.join(os.environ["MOAT_BIN_DIR"], "cni", "moat")
VICTIM = "/run/netns/victim"
ANSWER = 120  # seconds: for what hangs. Ten were not enough for a tap where fifty shared two processors.


class Pair:
    """
    @forth, @back: functions (moat, world): the requests over a connection
    @forth_cli, @back_cli: the same as a command line, or None: the client is not cut off there
    @again: errors that tell of @forth, asked for twice, that it stands already
    @setup: function (moat, world), once
    @forth_repairs: "before" is a damage, "after" is how it should be
    """

    def __init__(self, forth, back, forth_cli=None, back_cli=None, again=(), setup=None, forth_repairs=False):
        self.forth, self.back = forth, back
        self.forth_cli, self.back_cli = forth_cli, back_cli
        self.again = again
        self.setup = setup
        self.forth_repairs = forth_repairs


class Verb:
    """One direction of a pair. start, goal: the states it leads from and to."""

    def __init__(self, pair, forth):
        self.pair, self.is_forth = pair, forth
        self.start, self.goal = ("before", "after") if forth else ("after", "before")

    def request(self, world):
        """Return: "answered" with success, "refused" with an error, "lost"; and the error."""
        return ask(self.pair.forth if self.is_forth else self.pair.back, world)

    def command(self):
        words = self.pair.forth_cli if self.is_forth else self.pair.back_cli
        return [MOAT] + words.split() if words else None

    @property
    def again(self):
        return self.pair.again if self.is_forth else ()


def ask(function, world):
    try:
        with Moat(timeout=ANSWER) as moat:
            function(moat, world)
        return "answered", None
    except MoatError as error:
        return "refused", error
    except OSError:
        return "lost", None


# ------------------------------------------------------------------ requests
def attach(moat, world):
    fd = os.open(VICTIM, os.O_RDONLY)
    try:
        moat.call("EndpointAttach", [fd], network="red/web", name="victim", netnsFd=0, ips=["10.0.0.77", "fd00:5::77"],
                  mac="02:00:00:00:00:77", publish=["8080:80"], requestId="request-%d" % world.requests)
    finally:
        os.close(fd)


def attach_created(moat, world):
    moat.call("EndpointAttach", network="red/web", name="made", create=True, ips=["10.0.0.78", "fd00:5::78"],
              mac="02:00:00:00:00:78", requestId="request-%d" % world.requests)


def spoil(_moat, world):
    """What no message of the kernel's tells of, so that nobody mends it unasked."""
    subprocess.run(["nsenter", "--net=" + world.router, "sh", "-c",
                    "echo 1 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose"], check=True)


def repair(moat, _world):
    """What could not be mended is answered with success, and told in the answer; for us that is a refusal."""
    answer = moat.call("Check", repair=True)
    if answer["differences"] and not answer["repaired"]:
        raise MoatError("io.moat.NotRepaired", {"message": "the answer says that not all was repaired"})


CNI = {"cniVersion": "1.1.0", "name": "web", "type": "moat", "tenant": "red",
       "runtimeConfig": {"ips": ["10.0.0.77", "fd00:5::77"], "mac": "02:00:00:00:00:77",
                         "portMappings": [{"hostPort": 8080, "containerPort": 80}]}}


def plugin(command):
    """The CNI plugin as the client. "Try again" is an answer that was lost; of a DEL, which is kept in a journal then, it is none."""
    def run(_moat, _world):
        done = subprocess.run([PLUGIN], input=json.dumps(CNI), capture_output=True, text=True, timeout=ANSWER, check=False,
                              env=dict(os.environ, CNI_COMMAND=command, CNI_CONTAINERID="victim", CNI_NETNS=VICTIM, CNI_IFNAME="eth0",
                                       CNI_PATH="/none"))
        if done.returncode == 0:
            return
        error = json.loads(done.stdout)
        if error["code"] == 11 and command == "ADD":
            raise ConnectionError(error["msg"])
        raise MoatError("io.moat.Cni%d" % error["code"], {"message": error["msg"]})
    return run


def call(method, **parameters):
    return lambda moat, world: moat.call(method, **parameters)


LAB = {"name": "lab", "nodes": [{"name": "a", "ips": ["10.9.0.1/32"]}, {"name": "b", "forwarding": True}],
       "wires": [{"a": {"node": "a", "ifname": "eth1", "ips": ["10.8.0.0/31"], "mac": "02:00:00:00:01:01"},
                  "b": {"node": "b", "ifname": "eth1", "ips": ["10.8.0.1/31"], "mac": "02:00:00:00:01:02"}}]}
GREEN = "green/net"

PAIRS = {
    ("attach", "detach"): Pair(
        attach, call("EndpointDetach", name="red/victim"),
        "attach red/web --netns %s --name victim --ip 10.0.0.77 --ip fd00:5::77 --mac 02:00:00:00:00:77 -p 8080:80" % VICTIM,
        "detach red/victim"),
    # the CNI plugin, which asks several things in a row, and again where the daemon died
    ("cni-add", "cni-del"): Pair(plugin("ADD"), plugin("DEL"), again=("Cni101",)),
    ("attach-create", "detach-created"): Pair(attach_created, call("EndpointDetach", name="red/made")),
    ("tenant-create", "tenant-delete"): Pair(
        call("TenantCreate", name="blue"), call("TenantDelete", name="blue"),
        "tenant create blue", "tenant delete blue", again=("NameTaken",)),
    ("tenant-set", "tenant-set-back"): Pair(
        call("TenantSet", name="red", quota={"endpoints": 50, "networks": 5, "ports": 70}),
        call("TenantSet", name="red", quota={"endpoints": 51, "networks": 6, "ports": 71}),
        "tenant set red --quota endpoints=50,networks=5,ports=70"),
    # the first network of a tenant: its router, its uplink
    ("network-create", "network-delete"): Pair(
        call("NetworkCreate", name=GREEN, subnets=["10.0.0.0/24", "fd00:6::/64"]),
        call("NetworkDelete", name=GREEN), "network create %s --subnet 10.0.0.0/24 --subnet fd00:6::/64" % GREEN,
        "network delete " + GREEN, again=("NameTaken",), setup=call("TenantCreate", name="green")),
    # with endpoints on it: both ends of each change. Not the way out: the neighbour's pings would begin without one
    ("network-set", "network-set-back"): Pair(
        call("NetworkSet", name="red/web", mtu=1400, exclude=["10.0.0.128/25"], reserve=["db=10.0.0.99"]),
        call("NetworkSet", name="red/web", mtu=1500, unexclude=["10.0.0.128/25"], unreserve=["db"]),
        "network set red/web --mtu 1400 --exclude 10.0.0.128/25 --reserve db=10.0.0.99"),
    # a tenant with all that is in it
    ("crowd-create", "tenant-delete-force"): Pair(
        lambda moat, world: (moat.call("TenantCreate", name="crowd"),
                             moat.call("NetworkCreate", name="crowd/one", subnets=["10.1.0.0/24"]),
                             moat.call("NetworkCreate", name="crowd/two", subnets=["10.2.0.0/24"]),
                             [moat.call("EndpointAttach", network=network, name=name, create=True, ips=[ip], mac=mac,
                                        publish=[port])
                              for network, name, ip, mac, port in (
                                  ("crowd/one", "x", "10.1.0.9", "02:00:00:00:02:01", "9001:1"),
                                  ("crowd/two", "y", "10.2.0.9", "02:00:00:00:02:02", "9002:2"))]),
        call("TenantDelete", name="crowd", force=True), None, "tenant delete crowd --force", again=("NameTaken",)),
    ("stack-create", "stack-delete"): Pair(
        lambda moat, world: moat.call("StackCreate", name="red/bare", requestId="request-%d" % world.requests),
        call("StackDelete", name="red/bare")),
    ("publish", "unpublish"): Pair(
        call("Publish", name="red/neighbour", publish=["8090:90", "8091:91/udp"]),
        call("Unpublish", name="red/neighbour", publish=["8090:90", "8091:91/udp"]),
        "publish red/neighbour -p 8090:90 -p 8091:91/udp", "unpublish red/neighbour -p 8090:90 -p 8091:91/udp",
        again=("PortTaken",)),
    # a bandwidth: queues, a device of its own, a redirection
    ("shape", "unshape"): Pair(
        call("EndpointSet", name="red/shaped", bandwidth={"ingressRateBits": 50000000, "egressRateBits": 40000000}),
        call("EndpointSet", name="red/shaped", bandwidth={"ingressRateBits": 0, "egressRateBits": 0}),
        "endpoint set red/shaped --ingress-rate 50M --egress-rate 40M",
        "endpoint set red/shaped --ingress-rate none --egress-rate none",
        setup=call("EndpointAttach", network="red/web", name="shaped", create=True, ips=["10.0.0.80", "fd00:5::80"])),
    # ways with sizes of their own: a change is a removal and an addition
    ("resize", "resize-back"): Pair(
        call("EndpointSet", name="red/sized", routes=[{"dst": "10.66.0.0/16", "mtu": 1400}, {"dst": "fd66::/32", "mtu": 1300, "advmss": 1200}]),
        call("EndpointSet", name="red/sized", routes=[{"dst": "10.66.0.0/16", "advmss": 1100}, {"dst": "fd66::/32", "mtu": 1280}]),
        setup=call("EndpointAttach", network="red/web", name="sized", create=True, ips=["10.0.0.81", "fd00:5::81"],
                   routes=[{"dst": "10.66.0.0/16", "advmss": 1100}, {"dst": "fd66::/32", "mtu": 1280}])),
    # on [::1] of the host: a listener that the hand opens and moatd-dns serves
    ("publish-loopback", "unpublish-loopback"): Pair(
        call("Publish", name="red/neighbour", publish=["[::1]:8092:92"]),
        call("Unpublish", name="red/neighbour", publish=["[::1]:8092:92"]), again=("PortTaken",)),
    # for a virtual machine, in a stack of its own
    ("tap", "untap"): Pair(
        lambda moat, world: moat.call("EndpointAttach", network="red/web", name="machine", tap="t0", ips=["10.0.0.79", "fd00:5::79"],
                                      mac="02:00:00:00:00:79", requestId="request-%d" % world.requests),
        call("EndpointDetach", name="red/machine"),
        "attach red/web --tap t0 --name machine --ip 10.0.0.79 --ip fd00:5::79 --mac 02:00:00:00:00:79", "detach red/machine"),
    # a network whose addresses leave as they are, and to which the host leads
    ("routed-create", "routed-delete"): Pair(
        call("NetworkCreate", name="red/own", mode="routed", subnets=["192.0.2.0/26", "2001:db8:1::/64"], masquerade=False),
        call("NetworkDelete", name="red/own"),
        "network create red/own --mode routed --subnet 192.0.2.0/26 --subnet 2001:db8:1::/64 --no-masquerade",
        "network delete red/own", again=("NameTaken",)),
    # one that is part of the host's own link: the host answers for it
    ("attach-onlink", "detach-onlink"): Pair(
        lambda moat, world: moat.call("EndpointAttach", network="red/onlink", name="made", create=True,
                                      ips=["2001:db8:51::110"], mac="02:00:00:00:00:78", requestId="request-%d" % world.requests),
        call("EndpointDetach", name="red/made"),
        setup=call("NetworkCreate", name="red/onlink", subnets=["2001:db8:51::100/120"], masquerade=False)),
    ("host-access", "host-access-back"): Pair(
        call("NetworkSet", name="red/own", hostAccess=True), call("NetworkSet", name="red/own", hostAccess=False),
        "network set red/own --host-access", "network set red/own --no-host-access",
        setup=lambda moat, world: (
            moat.call("NetworkCreate", name="red/own", mode="routed", subnets=["192.0.2.0/26", "2001:db8:1::/64"], masquerade=False),
            moat.call("EndpointAttach", network="red/own", name="open", create=True, ips=["192.0.2.9", "2001:db8:1::9"]))),
    ("lab-up", "lab-down"): Pair(call("LabUp", **LAB), call("LabDown", name="lab"), again=("NameTaken",)),
    ("repair", None): Pair(repair, spoil, "check --repair", forth_repairs=True),
}

VERBS = {}
for (first, second), pair in PAIRS.items():
    VERBS[first] = Verb(pair, True)
    if second:
        VERBS[second] = Verb(pair, False)
# these are made of several requests, or are no request at all
del VERBS["crowd-create"]
