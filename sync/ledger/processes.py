"""Decide how a part of making a ledger is given to a second process of this program."""

import os
import subprocess
import sys


def of_this_program(module: str, *words: str) -> subprocess.Popen[bytes]:
    """A module run by itself, in a session of its own, so that Ctrl-C reaches only whoever ends it. Raises OSError."""
    return subprocess.Popen(  # noqa: S603  this program itself
        [sys.executable, "-P", "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )


def is_there_a_core() -> bool:
    """For a second process."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) > 1
