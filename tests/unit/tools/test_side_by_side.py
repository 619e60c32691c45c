"""The parts of `make test` at once: their output in pieces, and the right status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "side-by-side"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *words], capture_output=True, text=True, check=False, timeout=60
    )


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def test_output_comes_in_one_piece_each_when_it_has_ended() -> None:
    slow = sh("for i in 1 2 3; do echo slow $i; sleep 0.3; done")
    done = run("one", *slow, "--", "two", *sh("echo quick 1; sleep 0.4; echo quick 2 >&2"))
    assert done.returncode == 0
    text = done.stdout
    assert "quick 1\nquick 2\n" in text
    assert "slow 1\nslow 2\nslow 3\n" in text
    assert text.index("===== two: done") < text.index("===== one: done")


def test_they_do_run_at_the_same_time() -> None:
    began = time.monotonic()
    assert run("a", *sh("sleep 2"), "--", "b", *sh("sleep 2")).returncode == 0
    assert time.monotonic() - began < 3.5


def test_so_many_at_a_time_and_the_next_when_one_has_ended(tmp_path: Path) -> None:
    """Three of two at a time: the third starts when the short one of the first two ends."""
    at = {name: tmp_path / name for name in ("long", "short", "third")}

    def noted(name: str, seconds: float) -> list[str]:
        return [name, *sh(f"date +%s.%N > {at[name]}.began; sleep {seconds}; touch {at[name]}.end")]

    words = [*noted("long", 1.5), "--", *noted("short", 0.3), "--", *noted("third", 0.1)]
    assert run("--at-once", "2", *words).returncode == 0
    ended = {name: Path(f"{path}.end").stat().st_mtime for name, path in at.items()}
    third_began = float(Path(f"{at['third']}.began").read_text())
    assert ended["short"] <= third_began + 0.01
    assert ended["third"] < ended["long"]


@pytest.mark.parametrize(("first", "second", "status"), [(0, 3, 3), (5, 0, 5), (5, 3, 5)])
def test_one_that_fails_fails_all(first: int, second: int, status: int) -> None:
    done = run("a", *sh(f"exit {first}"), "--", "b", *sh(f"exit {second}"))
    assert done.returncode == status
    assert f"FAILED with status {status}" in done.stdout


def test_an_interrupt_ends_all_and_shows_what_they_said(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"echo begun; echo $$ >> {pids}; exec sleep 60"
    with subprocess.Popen(
        [sys.executable, TOOL, "a", *sh(script), "--", "b", *sh(script)],
        stdout=subprocess.PIPE,
        text=True,
        # what a shell starts in the background ignores interrupts, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 20
        while not pids.exists() or len(pids.read_text().split()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.count("begun") == 2
    for pid in map(int, pids.read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_without_a_command_it_says_how_to_use_it() -> None:
    for words in (["only a name"], ["--at-once", "none", "a", "true"], ["--at-once"]):
        done = run(*words)
        assert done.returncode != 0
        assert "NAME COMMAND" in done.stderr
