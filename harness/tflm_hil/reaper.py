"""Outlives a process of ours that was killed, and clears up behind it.

`python reaper.py FOLDER`, started by `tflm_hil.scratch`. Its standard input is a pipe that ends
with that process, however it ends. Then what the process had started is ended, and its folder
removed. What it had started is found by its environment, in which `HIL_SCRATCH` names the folder:
children of children too, and such as were being started in that moment.

It is a program of its own: nothing of the package is imported, and it is there in milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

MARK = "HIL_SCRATCH"
ORDERLY_S = 1.0  # in which they may end by themselves
PATIENCE_S = 10.0
AGAIN_S = 0.2  # until a second look: a process that was being started has its environment by then
TURN_S = 0.05


def marked(folder: str) -> list[int]:
    """Processes of this user that belong to `folder`."""
    wanted = os.fsencode(f"{MARK}={folder}")
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in Path(entry.path, "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def end(pids: list[int], number: int) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def remove(folder: str) -> bool:
    """Remove a folder; whether it is gone. Links are removed, and not followed."""
    for where, folders, names in os.walk(folder, topdown=False):
        for name in names:
            with contextlib.suppress(OSError):
                Path(where, name).unlink()
        for name in folders:
            path = Path(where, name)
            with contextlib.suppress(OSError):
                path.unlink() if path.is_symlink() else path.rmdir()
    with contextlib.suppress(OSError):
        Path(folder).rmdir()
    return not Path(folder).exists()


def clear_up(folder: str) -> None:
    """End what belongs to `folder`, first orderly; then the folder, once nobody writes there."""
    began = time.monotonic()
    clean_since: float | None = None
    told: set[int] = set()
    while time.monotonic() - began < PATIENCE_S:
        running = marked(folder)
        end([pid for pid in running if pid not in told], signal.SIGTERM)
        told.update(running)
        if time.monotonic() - began > ORDERLY_S:
            end(running, signal.SIGKILL)
        if running or not remove(folder):
            clean_since = None
        else:
            clean_since = clean_since or time.monotonic()
            if time.monotonic() - clean_since > AGAIN_S:
                return
        time.sleep(TURN_S)


def main() -> None:
    """Wait for the end of the process that holds the other end of standard input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they are for that process
    while os.read(0, 64):
        pass
    clear_up(sys.argv[1])


if __name__ == "__main__":
    main()
