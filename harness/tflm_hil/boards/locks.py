"""One owner per probe: a lock file per probe uid.

The kernel releases the lock however its holder ends; the pid beside it is only for the message.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tflm_hil.errors import ProbeBusy
from tflm_hil.paths import made, runtime_dir


def directory() -> Path:
    """Where the locks are; created on demand, for this user only."""
    return made(runtime_dir("locks"), mode=0o700)


@contextmanager
def hold(uid: str, *, board: str = "", timeout_s: float = 0.0) -> Iterator[None]:
    """Own the probe `uid`. Raises ProbeBusy, naming the holder, if another process has it."""
    lock_path, owner_path = _paths(uid)
    lock = FileLock(lock_path)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise ProbeBusy(
            f"probe {uid} is in use by {_describe(owner_path)}",
            remedy="wait for it to end, or choose another board",
            board=board,
        ) from None
    try:
        owner_path.write_text(f"{os.getpid()} {_program()}\n")
        yield
    finally:
        owner_path.unlink(missing_ok=True)
        lock.release()


def holder(uid: str) -> str | None:
    """Who holds the probe, for people ("process 4711 (pytest)"), or None when it is free."""
    lock_path, owner_path = _paths(uid)
    lock = FileLock(lock_path)
    try:
        with lock.acquire(timeout=0):
            return None
    except Timeout:
        return _describe(owner_path)


def _paths(uid: str) -> tuple[Path, Path]:
    # A uid comes from a USB descriptor: keep it from being a path.
    name = re.sub(r"[^A-Za-z0-9._-]", "_", uid)
    return directory() / f"{name}.lock", directory() / f"{name}.owner"


def _program() -> str:
    program = Path(sys.argv[0])
    # `python -m pytest` runs pytest/__main__.py
    return program.parent.name if program.name == "__main__.py" else program.name


def _describe(owner_path: Path) -> str:
    try:
        pid, program = owner_path.read_text().split(maxsplit=1)
    except (OSError, ValueError):
        return "another process"
    return f"process {pid} ({program.strip()})"
