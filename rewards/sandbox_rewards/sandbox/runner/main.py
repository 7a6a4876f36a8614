"""Start of the box: build it, fork the zygote, become the judge."""

from __future__ import annotations

import os
import signal
import socket
import sys

from . import judge, namespaces, zygote
from .channel import Channel

JUDGE_UID = 63_999
SOLUTION_UID = 64_000


def main(settings: dict[str, object]) -> None:
    """`settings`: {"build_box": whether the box is ours to build, "worker": a number, "python_prefix": ...}."""
    many_uids = True
    if settings["build_box"]:
        many_uids = namespaces.build_box(str(settings["python_prefix"]))
    worker = int(str(settings["worker"]))
    box = namespaces.Box(solution_uid=SOLUTION_UID + worker if many_uids else None)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        namespaces.prctl(namespaces.PR_SET_PDEATHSIG, signal.SIGKILL)
        ours.close()
        namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)
        zygote.serve(theirs, box, stdout=1)
        os._exit(0)
    theirs.close()
    judge.become_judge(JUDGE_UID if many_uids else None)
    namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)
    host = Channel(0, 1)
    host.send({"ready": True, "python": sys.version.split()[0]})
    judge.serve(host, zygote.Zygote(ours))
