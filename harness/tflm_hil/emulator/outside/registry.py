"""Which emulated boards run on this machine, one file each.

An emulator owns its uid by holding an flock on `<uid>.lock` for as long as it lives: the kernel
releases it however the process ends, so an entry is stale exactly when its lock is free. The
flash, which lies in the cache folder, is locked likewise: one board uses it, whatever runtime
folders there are. All looking and claiming happens under one short-lived lock of the directory.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tflm_hil.errors import EmulatorError
from tflm_hil.paths import cache_dir, made, runtime_dir

MAX_BOARDS = 100


@dataclass(frozen=True)
class Entry:
    """A running emulated board. `socket` is its debug port, `flash` the file of its flash."""

    uid: str
    pid: int
    board: str
    socket: str
    tty: str
    flash: str


def directory() -> Path:
    """Where entries, locks and sockets are; created on demand, for this user only."""
    return made(runtime_dir("emulators"), mode=0o700)


def flash_path(uid: str) -> Path:
    """The file that keeps a board's flash over its restarts; its directory is created."""
    return made(cache_dir("flash")) / f"{uid}.bin"


def time_path(uid: str) -> Path:
    """The page in which a running board tells its time, see `board_time`."""
    return directory() / f"{uid}.time"


def entries() -> list[Entry]:
    """All running emulated boards, by uid. Removes what dead ones left behind."""
    running = []
    with _directory_lock():
        for path in sorted(directory().glob("*.json")):
            if not is_alive(path.stem):
                _remove_files(path.stem)
            elif (entry := _read(path)) is not None:
                running.append(entry)
    return running


def _read(path: Path) -> Entry | None:
    """An entry; None if its file is damaged: one board that cannot be found hides no others."""
    try:
        return Entry(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def find(uid: str) -> Entry | None:
    """The running board with this uid, or None."""
    return next((entry for entry in entries() if entry.uid == uid), None)


class Claim:
    """A uid and its flash, held by this process; `release()` gives them back and removes the files
    of the running board. `flash_fd` is the flash file, open and locked.
    """

    def __init__(self, uid: str, lock_fd: int, flash_fd: int) -> None:
        self.uid = uid
        self.flash_fd = flash_fd
        self._lock_fd = lock_fd

    @property
    def socket_path(self) -> Path:
        """Where the board's debug port listens."""
        return directory() / f"{self.uid}.sock"

    def publish(self, entry: Entry) -> None:
        """Make the board visible; call it when the socket is listening and the tty open."""
        path = directory() / f"{self.uid}.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(entry)) + "\n")
        draft.replace(path)

    def withdraw(self) -> None:
        """The board cannot be found any more; uid and flash are still taken."""
        with _directory_lock():
            _remove_files(self.uid)

    def release(self) -> None:
        """Remove entry and socket and free uid and flash, which nobody may use here any more."""
        with _directory_lock():
            _remove_files(self.uid)
            os.close(self.flash_fd)
            os.close(self._lock_fd)


def claim(uid_prefix: str, uid: str | None = None) -> Claim:
    """Take `uid`, or the first free one after `uid_prefix` ("EMU-F746ZG" gives "EMU-F746ZG-00").

    Raises EmulatorError if `uid` is taken or cannot be one, and if none is free.
    """
    if uid is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", uid):
        # it names files
        raise EmulatorError(
            f"{uid!r} cannot be a uid",
            remedy="use letters, digits, dots, dashes and underscores, 64 at most",
        )
    if uid is not None:
        candidates = [uid]
    else:
        candidates = [f"{uid_prefix}-{number:02d}" for number in range(MAX_BOARDS)]
    with _directory_lock():
        for candidate in candidates:
            claimed = _try_claim(candidate)
            if claimed is not None:
                _remove_files(candidate)
                return claimed
    if uid and is_alive(uid):
        what = f"an emulated board with uid {uid} is already running"
    elif uid:
        what = f"the flash of {uid}, {flash_path(uid)}, is in use by {_holder(flash_path(uid))}"
    else:
        what = "no uid is free"
    raise EmulatorError(
        what,
        remedy="run `hil boards` to see the running ones, or leave out --uid: another one is taken",
    )


def _try_claim(uid: str) -> Claim | None:
    """The uid and its flash, if both are free.

    Uids are claimed in the runtime folder, of which there may be several (another session, another
    container) over one cache folder with the flash: so that has a lock of its own.
    """
    lock_fd = _try_lock(directory() / f"{uid}.lock")
    if lock_fd is None:
        return None
    flash_fd = _try_lock(flash_path(uid))
    if flash_fd is None:
        os.close(lock_fd)
        return None
    return Claim(uid, lock_fd, flash_fd)


def _holder(path: Path) -> str:
    """Who has locked a file, as far as the kernel tells (proc(5), /proc/locks)."""
    number = path.stat().st_ino
    try:
        locks = Path("/proc/locks").read_text().splitlines()
    except OSError:
        locks = []
    for fields in (line.split() for line in locks):
        # 1: FLOCK  ADVISORY  WRITE 4711 08:01:131073 0 EOF
        if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(number):
            return f"process {fields[4]}"
    return "another process"


@contextmanager
def _directory_lock() -> Iterator[None]:
    fd = os.open(directory() / "registry.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _try_lock(path: Path) -> int | None:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_alive(uid: str) -> bool:
    """Whether a process holds this uid."""
    lock_fd = _try_lock(directory() / f"{uid}.lock")
    if lock_fd is None:
        return True
    os.close(lock_fd)
    return False


def _remove_files(uid: str) -> None:
    # The lock file stays: removing it would let two processes lock different files of one name.
    for suffix in (".json", ".sock", ".time"):
        (directory() / f"{uid}{suffix}").unlink(missing_ok=True)
