"""Workers forked from a process that has TensorFlow imported are like any others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tflm_hil.worker import ENVIRONMENT

TOOL = Path(__file__).parents[3] / "tools" / "warm-python"

# Keeps the warm process up until its input ends, and tells how to reach it.
HOLD = """
import json, os, sys
print(json.dumps({name: os.environ[name] for name in ("HIL_WORKER_PYTHON", "HIL_WARM_PYTHON")}),
      flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Warm:
    """A warm process, and a folder for modules of the tests."""

    stand_in: str
    environment: dict[str, str]
    folder: Path

    def start(self, source: str, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """A worker whose module has this source."""
        (self.folder / "its_module.py").write_text(textwrap.dedent(source))
        return subprocess.Popen(
            [self.stand_in, "-m", "its_module", *arguments],
            env=self.environment | settings,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, source: str, *arguments: str, **settings: str) -> tuple[int, str]:
        """Exit status and output."""
        with self.start(source, *arguments, **settings) as process:
            said, _ = process.communicate(timeout=60)
        return process.returncode, said


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, str]]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HIL_W")}
    with subprocess.Popen(
        [sys.executable, TOOL, sys.executable, "-c", HOLD],
        env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.fixture
def warm(started: dict[str, str], tmp_path: Path) -> Warm:
    return Warm(started["HIL_WORKER_PYTHON"], {**os.environ, **ENVIRONMENT, **started}, tmp_path)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """For a socket, whose path has 107 bytes at most."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_nothing_is_left_of_one_that_is_killed(short_folder: Path) -> None:
    """While it imports, which is when it looks at nothing: the command, the fork, the folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HIL_W")}
    process = subprocess.Popen(
        [sys.executable, TOOL, sys.executable, "-c", HOLD],
        env=own | {"TMPDIR": str(short_folder)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 3, "the reaper, the fork and the command"
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while any(short_folder.iterdir()) or any(
        Path(f"/proc/{child}/exe").exists() for child in children
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_has_tensorflow_and_nothing_of_ours(warm: Warm) -> None:
    source = """
    import sys
    print("tensorflow" in sys.modules, "tflm_hil" in sys.modules, __name__, sys.argv[1:])
    """
    assert warm.run(source, "a", "b") == (0, "True False __main__ ['a', 'b']\n")


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", 0),
        ("raise SystemExit(7)", 7),
        ("raise SystemExit('why')", 1),
        ("1 / 0", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
    ],
)
def test_it_ends_as_it_would_by_itself(warm: Warm, ending: str, status: int) -> None:
    found, said = warm.run(f"print('begun', flush=True)\n{ending}\n")
    assert found == status
    assert said.startswith("begun\n")
    if "1 / 0" in ending:
        assert "ZeroDivisionError" in said


def test_it_has_the_folder_the_environment_and_the_open_files_of_the_stand_in(warm: Warm) -> None:
    source = """
    import os, pathlib, sys, tempfile
    os.write(int(sys.argv[1]), b"told")
    print(pathlib.Path.cwd(), os.environ["ITS_OWN"], tempfile.gettempdir())
    """
    (warm.folder / "its_module.py").write_text(textwrap.dedent(source))
    reads, writes = os.pipe()
    done = subprocess.run(
        [warm.stand_in, "-m", "its_module", str(writes)], pass_fds=[writes], cwd=warm.folder,
        env={**warm.environment, "ITS_OWN": "yes", "TMPDIR": str(warm.folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.close(writes)
    assert done.stdout == f"{warm.folder} yes {warm.folder}\n", done.stderr
    assert os.read(reads, 100) == b"told"
    assert os.read(reads, 100) == b"", "nobody else holds the pipe"
    os.close(reads)


def test_no_two_draw_the_same_numbers(warm: Warm) -> None:
    source = """
    import random
    import numpy as np
    print(random.random(), np.random.random())
    """
    assert warm.run(source) != warm.run(source)


def test_other_settings_of_the_frameworks_get_a_python_of_their_own(warm: Warm) -> None:
    source = "import sys; print('tensorflow' in sys.modules)"
    assert warm.run(source) == (0, "True\n")
    assert warm.run(source, TF_ENABLE_ONEDNN_OPTS="1") == (0, "False\n")


def test_killing_the_stand_in_kills_the_worker(warm: Warm) -> None:
    source = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with warm.start(source) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    deadline = time.monotonic() + 20
    while _runs(pid):
        assert time.monotonic() < deadline, "the worker has outlived its stand-in"
        time.sleep(0.02)


def test_both_may_end_at_once(warm: Warm) -> None:
    """Whoever ends its worker closes its pipe and kills the stand-in: both are seen together."""
    source = "import os, time; print(os.getpid(), os.getppid(), flush=True); time.sleep(60)"
    with warm.start(source) as process:
        assert process.stdout is not None
        worker, keeper = map(int, process.stdout.readline().split())
        os.kill(keeper, signal.SIGSTOP)  # so that it sees neither before the other
        os.kill(worker, signal.SIGKILL)
        while ") Z " not in Path(f"/proc/{worker}/stat").read_text():
            time.sleep(0.01)
        process.kill()
        process.wait()
        os.kill(keeper, signal.SIGCONT)
    assert warm.run("print('next')") == (0, "next\n")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
