"""Temporary folders and helper processes that do not outlive this process, however it ends.

    with folder("worker") as directory:
        subprocess.Popen(…, env={**os.environ, **mark()})

All folders lie in one, and every helper has its name in the environment. A reaper
(`tflm_hil.reaper`), a small process that is started with the first of them, ends and removes both
when this process is gone: also after SIGKILL, within a second or two. Should the reaper be killed
as well (a whole container, say), the next start removes what is left.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from tflm_hil import reaper

PREFIX = "tflm-hil-scratch-"
_PR_SET_PDEATHSIG = 1
YOUNG_S = 60.0  # a folder may be there a moment before its lock


@dataclass(frozen=True)
class _Scratch:
    """`lock` is a descriptor of the folder, locked while this process lives; `alive` of the pipe
    to the reaper.
    """

    root: Path
    lock: int
    alive: int


_scratch: _Scratch | None = None
_making = Lock()


@contextmanager
def folder(purpose: str) -> Iterator[Path]:
    """A temporary folder while inside; `purpose` becomes part of its name. Raises OSError."""
    with tempfile.TemporaryDirectory(
        prefix=f"{purpose}-", dir=_ours().root, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def mark() -> dict[str, str]:
    """What goes into the environment of a process that must not outlive this one."""
    return {reaper.MARK: str(_ours().root)}


def end_with_parent() -> None:
    """In a helper: be killed when the thread that started it ends, even if nobody is left to do it.

    Linux only (prctl(2), PR_SET_PDEATHSIG); elsewhere the reaper is enough.
    """
    parent = os.getppid()
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _ours() -> _Scratch:
    global _scratch
    with _making:
        if _scratch is None:
            _remove_left_behind(Path(tempfile.gettempdir()))
            _scratch = _made()
            atexit.register(_end, os.getpid())
        return _scratch


def _made() -> _Scratch:
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    with contextlib.suppress(OSError):  # where there are no locks nobody can be mistaken for dead
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    ends, alive = os.pipe()
    environment = {name: value for name, value in os.environ.items() if name != reaper.MARK}
    with contextlib.suppress(OSError):  # without one the next start clears up
        subprocess.Popen(
            [sys.executable, "-I", "-S", reaper.__file__, str(root)],
            stdin=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            # what is sent to all of a terminal or a job is not for it
            start_new_session=True,
        )
    os.close(ends)
    return _Scratch(root, lock, alive)


def _end(pid: int) -> None:
    """At the end of this process: the reaper does the rest."""
    if _scratch is not None and pid == os.getpid():
        reaper.remove(str(_scratch.root))
        os.close(_scratch.alive)


def _in_fork() -> None:
    """A fork has a folder of its own, if it wants one; that of its parent ends with the parent."""
    global _scratch, _making
    _making = Lock()
    if _scratch is not None:
        os.close(_scratch.alive)
        os.close(_scratch.lock)
        _scratch = None


os.register_at_fork(after_in_child=_in_fork)


def _remove_left_behind(where: Path) -> None:
    """Folders of processes that have ended together with their reapers."""
    for path in where.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            facts = path.lstat()
            if facts.st_uid != os.geteuid() or time.time() - facts.st_mtime < YOUNG_S:
                continue
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                reaper.remove(str(path))
            finally:
                os.close(lock)
