"""One owner per probe: a lock file per probe uid.

The kernel releases the lock however its holder ends; what stands in the file is only for the
message, and means nothing while nobody has the lock.
"""

from __future__ import annotations

import fcntl
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tflm_hil.errors import ProbeBusy
from tflm_hil.paths import made, runtime_dir

_TURN_S = 0.05


def directory() -> Path:
    """Where the locks are; created on demand, for this user only."""
    return made(runtime_dir("locks"), mode=0o700)


@contextmanager
def hold(uid: str, *, board: str = "", timeout_s: float = 0.0) -> Iterator[None]:
    """Own the probe `uid`. Raises ProbeBusy, naming the holder, if another process has it."""
    path = _path(uid)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + timeout_s
        while not _taken(lock):
            if time.monotonic() >= deadline:
                raise ProbeBusy(
                    f"probe {uid} is in use by {_describe(path)}",
                    remedy="wait for it to end, or choose another board",
                    board=board,
                )
            time.sleep(_TURN_S)
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()} {_program()}\n".encode("utf-8", "backslashreplace"))
        yield
    finally:
        os.close(lock)


def holder(uid: str) -> str | None:
    """Who holds the probe, for people ("process 4711 (pytest)"), or None when it is free."""
    path = _path(uid)
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        return None if _taken(lock) else _describe(path)
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _path(uid: str) -> Path:
    # A uid comes from a USB descriptor: keep it from being a path.
    return directory() / f"{re.sub(r'[^A-Za-z0-9._-]', '_', uid)}.lock"


def _program() -> str:
    program = Path(sys.argv[0])
    # `python -m pytest` runs pytest/__main__.py
    return program.parent.name if program.name == "__main__.py" else program.name


def _describe(path: Path) -> str:
    try:
        pid, program = path.read_text().split(maxsplit=1)
    except (OSError, ValueError):
        return "another process"
    return f"process {pid} ({program.strip()})"
