"""The process in which sympy runs: reads a comparison, writes what was decided, until its input ends.

It is told what to compare by its parent, which trusts nothing of it but a line of JSON. Each answer has `ANSWER_S` of the
processor; a timer of the process's own ends what takes longer, and the kernel ends what the timer can't (a call into C).
"""

from __future__ import annotations

import json
import pickle
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

from sandbox_rewards.math.budget import OutOfTime, seconds, used

ANSWER_S = 0.9
"""Processor time of an answer, within the process."""
MEMORY_MB = 4_096
"""Of addresses."""
ANSWERS = 2_000
"""That one process compares, for what sympy caches grows."""
HEADER = struct.Struct("!I")


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Compare what is asked, one after the other."""
    from sandbox_rewards.math.algebra import answer_to  # sympy and flint; here, so that importing this module costs nothing

    signal.signal(signal.SIGPROF, _out_of_time)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB << 20, MEMORY_MB << 20))
    for _ in range(ANSWERS):
        header = requests.read(HEADER.size)
        if len(header) < HEADER.size:
            return
        asked = pickle.loads(requests.read(*HEADER.unpack(header)))
        resource.setrlimit(resource.RLIMIT_CPU, (int(used()) + 2, resource.RLIM_INFINITY))
        replies.write(json.dumps(_decided(answer_to, asked)).encode() + b"\n")
        replies.flush()


def _decided(answer_to: Any, asked: Any) -> Any:
    try:
        with seconds(ANSWER_S):
            return answer_to(asked)
    except OutOfTime:
        return {"equal": None, "how": f"undecided within {ANSWER_S} s"}
    except (MemoryError, RecursionError) as error:
        return {"equal": None, "how": f"undecided: {type(error).__name__}"}
    except Exception as error:  # noqa: BLE001 - flint or sympy met what they do not know; this process is as sound as before
        return {"equal": None, "how": f"undecided: {type(error).__name__}: {error}"[:200]}


def _out_of_time(number: int, frame: Any) -> None:
    raise OutOfTime


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
