"""One owner per probe, across processes, also when the owner is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tflm_hil.boards import locks
from tflm_hil.errors import ProbeBusy

UID = "066EFF383733503457223432"
HOLD = f"""
import sys
from tflm_hil.boards import locks
with locks.hold({UID!r}):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_runtime_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@contextmanager
def other_process_holding() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_owner_is_refused_and_told_the_holder() -> None:
    with other_process_holding() as process:
        with pytest.raises(ProbeBusy, match=f"in use by process {process.pid} "), locks.hold(UID):
            pass
        assert str(process.pid) in str(locks.holder(UID))


def test_a_killed_owner_leaves_the_probe_free() -> None:
    with other_process_holding() as process:
        process.kill()
        process.wait()
        assert locks.holder(UID) is None
        assert [path.suffix for path in locks.directory().iterdir()] == [".lock"]
        with locks.hold(UID):
            assert f"process {os.getpid()} " in str(locks.holder(UID))


@pytest.mark.parametrize("started_as", ["/usr/bin/pytest", "/lib/pytest/__main__.py"])
def test_the_holder_is_named_by_its_program(
    started_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [started_as])
    with locks.hold(UID):
        assert locks.holder(UID) == f"process {os.getpid()} (pytest)"


def test_two_probes_are_independent() -> None:
    with locks.hold(UID), locks.hold("0670FF575251717867205939"):
        pass
    assert locks.holder(UID) is None


def test_the_same_process_cannot_hold_a_probe_twice() -> None:
    with locks.hold(UID), pytest.raises(ProbeBusy), locks.hold(UID):
        pass


def test_a_uid_cannot_leave_the_lock_directory() -> None:
    with locks.hold("../../etc/passwd"):
        assert [p.parent for p in locks.directory().glob("*.lock")] == [locks.directory()]
