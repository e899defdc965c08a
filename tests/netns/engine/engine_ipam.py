#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engine_ipam WHAT - what engine_ipam.sh does inside of stacks and at the socket.

serve PORT           echoes what one client sends, until that ends
stream IP PORT FILE  sends and compares until FILE exists; prints how many bytes came back
restart NAME NET N   detach and attach one name N times in a row on one connection: its address stays
full                 the last free address is asked for while its link goes: it is waited for
"""
import os
import random
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))
from moatsock import Moat, MoatError  # noqa: E402


def serve(port):
    with socket.create_server(("0.0.0.0", int(port))) as server:
        client, _ = server.accept()
        with client:
            while True:
                data = client.recv(1 << 16)
                if not data:
                    return
                client.sendall(data)


def stream(ip, port, stop):
    block = random.Random(1).randbytes(60000)
    total = 0
    with socket.create_connection((ip, int(port)), timeout=20) as sock:
        while not os.path.exists(stop):
            sock.sendall(block)
            got = b""
            while len(got) < len(block):
                part = sock.recv(1 << 16)
                assert part, "the connection ended after %d bytes" % total
                got += part
            assert got == block, "other bytes came back"
            total += len(got)
            time.sleep(0.002)
    print(total)


def ips_of(moat, name):
    return [ip.partition("/")[0] for ip in moat.call("EndpointShow", name=name)["endpoint"]["ips"]]


def restart(name, network, count):
    """As a runtime does that restarts a container: nothing is waited for in between."""
    with Moat() as moat:
        first = ips_of(moat, name)
        for _ in range(int(count)):
            moat.send("EndpointDetach", {"name": name})
            moat.send("EndpointAttach", {"network": network, "name": name, "create": True})
            moat.receive_one()
            reply = moat.receive_one()
            assert [ip.partition("/")[0] for ip in reply["endpoint"]["ips"]] == first, reply["endpoint"]["ips"]


def full():
    """A /29 with five addresses, all held. One goes, and at once another name comes: it waits, and is given that one."""
    with Moat() as moat:
        for i in range(5):
            moat.call("EndpointAttach", network="red/small", name="s%d" % i, create=True)
        try:
            moat.call("EndpointAttach", network="red/small", name="late", create=True)
            raise AssertionError("a sixth address was given")
        except MoatError as error:
            assert error.code == "AddressesExhausted", error
            assert "no address is left in 10.9.0.0/29 of network red/small: 5 held, 0 excluded" in str(error), error
        for i in range(20):
            gone, come = "s%d" % (i % 5), "n%d" % i
            ip = ips_of(moat, "red/" + gone)
            moat.send("EndpointDetach", {"name": "red/" + gone})
            # asked for by itself, and by its address
            asked = {"ips": ip} if i % 2 else {}
            moat.send("EndpointAttach", {"network": "red/small", "name": come, "create": True, **asked})
            moat.receive_one()
            reply = moat.receive_one()
            assert [x.partition("/")[0] for x in reply["endpoint"]["ips"]] == ip, reply
            moat.call("EndpointDetach", name="red/" + come)
            # who was there before has its own again, as nobody else needed it since
            moat.call("EndpointAttach", network="red/small", name=gone, create=True, ips=ip)


if __name__ == "__main__":
    {"serve": serve, "stream": stream, "restart": restart, "full": full}[sys.argv[1]](*sys.argv[2:])
