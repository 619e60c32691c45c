"""A pytest session in a fork of this process: as `python -m pytest`, but all is imported already.

    result = forked_session(["--board", "nucleo-f746zg-emulated"], folder)

A session for itself costs a second of imports, and the plugin's tests run fifty. The fork has its
own files, folder, modules of tests and environment; nothing that it does is seen here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

BROKEN = 70  # no exit code of pytest's: the fork did not get as far


def forked_session(arguments: Sequence[str], folder: Path) -> pytest.RunResult:
    """pytest with these arguments in `folder`; its output is printed here, too."""
    logs = [folder / f"session.{name}" for name in ("out", "err")]
    sys.stdout.flush()
    sys.stderr.flush()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(arguments, folder, logs)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    texts = [log.read_text(encoding="utf-8") for log in logs]
    print(*texts, sep="")
    out, err = (text.splitlines() for text in texts)
    with suppress(ValueError):  # of a plugin, or the signal that ended it
        code = pytest.ExitCode(code)
    return pytest.RunResult(code, out, err, time.monotonic() - began)


def _become(arguments: Sequence[str], folder: Path, logs: Sequence[Path]) -> NoReturn:
    """In the fork: the session. Does not return."""
    code: int = BROKEN
    try:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, log in enumerate(logs, start=1):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        sys.argv = ["pytest", *arguments]
        sys.path.insert(0, str(folder))  # as `python -m` does
        code = int(pytest.main(list(arguments)))
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
