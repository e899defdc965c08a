#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ocilayout - makes OCI image layouts for tests, good ones and bad ones, with nothing but Python's library.

usage: ocilayout.py LAYOUT BUSYBOX [KIND...]

LAYOUT gets, by tag:
  busybox    /bin/busybox and its links, a user, a folder of that user's, a set-user-ID program; two layers, gzip and
             plain, the second with whiteouts; Entrypoint, Cmd, Env, User, WorkingDir, StopSignal, ExposedPorts
  bare       no Entrypoint, no Cmd; its index is one of platforms
  pause      sleeps, as the image of a pod's first container does
and each KIND of the table EVIL: a layer that means harm.
"""
import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile

MEDIA = "application/vnd.oci.image."
LINKS = ("sh", "cat", "ls", "id", "echo", "sleep", "true", "stat", "touch", "readlink", "pwd", "env", "test", "rm", "mkdir", "wc", "ln",
         "tr", "sort", "cp", "mv", "head", "md5sum", "find", "sed", "seq", "grep", "kill", "false")


class Layer:
    def __init__(self, packed=True):
        self.file = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.file, mode="w", format=tarfile.PAX_FORMAT)
        self.packed = packed
        self.data = b""

    def add(self, name, kind=tarfile.REGTYPE, data=b"", mode=0o644, uid=0, gid=0, link="", major=0, minor=0):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.uid, info.gid, info.linkname, info.mtime = kind, mode, uid, gid, link, 1000000000
        info.devmajor, info.devminor = major, minor
        info.size = len(data)
        self.tar.addfile(info, io.BytesIO(data))
        return self

    def folder(self, name, mode=0o755, uid=0, gid=0):
        return self.add(name, tarfile.DIRTYPE, mode=mode, uid=uid, gid=gid)

    def link(self, name, target):
        return self.add(name, tarfile.SYMTYPE, link=target, mode=0o777)

    def bytes(self):
        if not self.data:
            self.tar.close()
            self.data = gzip.compress(self.file.getvalue(), 1, mtime=0) if self.packed else self.file.getvalue()
        return self.data


class Layout:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        (self.path / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="ascii")
        self.manifests = []

    def blob(self, data, media):
        digest = hashlib.sha256(data).hexdigest()
        (self.path / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": MEDIA + media, "digest": "sha256:" + digest, "size": len(data)}

    def document(self, doc, media):
        return self.blob(json.dumps(doc).encode(), media)

    def image(self, tag, layers, config=None, platforms=False):
        blobs = [self.blob(layer.bytes(), "layer.v1.tar" + ("+gzip" if layer.packed else "")) for layer in layers]
        diffs = ["sha256:" + hashlib.sha256(layer.file.getvalue()).hexdigest() for layer in layers]
        manifest = self.document({
            "schemaVersion": 2,
            "config": self.document({"architecture": "amd64", "os": "linux", "config": config or {},
                                     "rootfs": {"type": "layers", "diff_ids": diffs}}, "config.v1+json"),
            "layers": blobs}, "manifest.v1+json")
        if platforms:
            other = dict(manifest, platform={"os": "linux", "architecture": "s390x"})
            mine = dict(manifest, platform={"os": "linux", "architecture": "amd64"})
            manifest = self.document({"schemaVersion": 2, "manifests": [other, mine]}, "index.v1+json")
        self.manifests.append(dict(manifest, annotations={"org.opencontainers.image.ref.name": tag}))

    def close(self):
        (self.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.manifests}), encoding="ascii")


def base(busybox):
    layer = Layer().folder("bin").folder("etc").folder("./tmp", 0o1777).folder("home/").folder("home/app", 0o750, 1000, 1000)
    layer.folder("gone").folder("full").add("gone/file").add("full/old").add("etc/removed")
    layer.add("bin/busybox", data=pathlib.Path(busybox).read_bytes(), mode=0o755)
    for name in LINKS:
        layer.link(f"bin/{name}", "busybox")
    layer.add("etc/passwd", data=b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n")
    layer.add("etc/group", data=b"root:x:0:\napp:x:1000:\n")
    layer.add("bin/setuid", data=b"#!/bin/sh\n", mode=0o4755).link("lib", "usr/lib").folder("usr").folder("usr/lib")
    return layer


def second():
    layer = Layer(packed=False).add(".wh.gone").add("etc/.wh.removed").folder("full").add("full/new", data=b"new\n")
    layer.add("full/.wh..wh..opq").add("lib/through-link", data=b"x").add("home/app/mine", uid=1000, gid=1000, mode=0o600, data=b"mine\n")
    return layer.add("home/app/again", tarfile.LNKTYPE, link="home/app/mine", uid=1000, gid=1000, mode=0o600)


# What each would do to an unpacker that follows links, keeps names as they are or makes what it is told to.
EVIL = {
    "dotdot": lambda: Layer().add("../escaped", data=b"x"),
    "dotdot-deep": lambda: Layer().add("a/../../escaped", data=b"x"),
    "absolute": lambda: Layer().add("/run/sandbox/victim/escaped", data=b"x"),
    "symlink": lambda: Layer().link("out", "/run/sandbox/victim").add("out/escaped", data=b"x"),
    "symlink-up": lambda: Layer().link("out", "../../../../../../run/sandbox/victim").add("out/escaped", data=b"x"),
    "symlink-file": lambda: Layer().link("out", "/run/sandbox/victim/kept").add("out", data=b"overwritten"),
    "hardlink": lambda: Layer().add("hard", tarfile.LNKTYPE, link="/run/sandbox/victim/kept"),
    "hardlink-up": lambda: Layer().add("hard", tarfile.LNKTYPE, link="../../../../run/sandbox/victim/kept"),
    "hardlink-link": lambda: Layer().link("l", "/run/sandbox/victim/kept").add("hard", tarfile.LNKTYPE, link="l").add("hard", data=b"x"),
    "whiteout-up": lambda: Layer().link("out", "/run/sandbox/victim").add("out/.wh.kept"),
    "whiteout-dotdot": lambda: Layer().add(".wh..."),
    "opaque-out": lambda: Layer().link("out", "/run/sandbox/victim").add("out/.wh..wh..opq"),
    "device": lambda: Layer().add("null", tarfile.CHRTYPE, major=1, minor=3, mode=0o666),
    "owner": lambda: Layer().add("far", uid=70000),
    "proc": lambda: Layer().folder("proc").link("proc/self", "/proc/self").add("proc/self/cwd/escaped", data=b"x"),
}


def main():
    layout, busybox, kinds = Layout(sys.argv[1]), sys.argv[2], sys.argv[3:]
    lowest = base(busybox)
    layout.image("busybox", [lowest, second()], {
        "Entrypoint": ["/bin/sh", "-c"], "Cmd": ["echo $GREETING; id -u; pwd"], "Env": ["GREETING=hello", "PATH=/bin"], "User": "app",
        "WorkingDir": "/home/app", "StopSignal": "SIGUSR1", "ExposedPorts": {"80/tcp": {}}})
    layout.image("bare", [lowest], platforms=True)
    layout.image("pause", [lowest], {"Entrypoint": ["/bin/sleep", "1000000"]})
    for kind in kinds or EVIL:
        layout.image(kind, [lowest, EVIL[kind]()], {"Env": ["PATH=/bin"]})
    layout.close()


main()
