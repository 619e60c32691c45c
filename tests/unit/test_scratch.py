"""Whatever ends a process, what it had started and its temporary folders end with it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tflm_hil import reaper, scratch

SOON_S = 5.0

# A run with a helper that hangs, which has a helper of its own in another session, and a folder.
RUN = """
import os, subprocess, sys, time
from tflm_hil import scratch
helper = "import subprocess, sys, time; " \
    "own = [sys.executable, '-c', 'import time; time.sleep(300)']; " \
    "subprocess.Popen(own, start_new_session=True); " \
    "{handler}open(sys.argv[1] + '/written', 'w').close(); time.sleep(300)"
with scratch.folder("test") as folder:
    (folder / "sub").mkdir()
    (folder / "link").symlink_to("/")
    subprocess.Popen(
        [sys.executable, "-c", helper, str(folder)], env={{**os.environ, **scratch.mark()}}
    )
    while not (folder / "written").exists():
        time.sleep(0.01)
    print(folder.parent, flush=True)
    {then}
"""


def started(tmp_path: Path, then: str = "time.sleep(300)", handler: str = "") -> tuple[
    subprocess.Popen[str], str
]:  # fmt: skip
    """A run, and the folder that all of its own are in."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN.format(then=then, handler=handler)],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
    )
    assert process.stdout is not None
    root = process.stdout.readline().strip()
    assert Path(root).parent == tmp_path
    return process, root


def soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SOON_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def nothing_left(root: str) -> bool:
    return not Path(root).exists() and not reaper.marked(root)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_nothing_outlives_a_process_that_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    process, root = started(tmp_path)
    assert len(reaper.marked(root)) == 2
    process.send_signal(how)
    assert process.wait() == -how
    assert soon(lambda: nothing_left(root))
    assert list(tmp_path.iterdir()) == []


def test_who_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    process, root = started(tmp_path, handler=deaf)
    process.kill()
    process.wait()
    assert soon(lambda: nothing_left(root))


@pytest.mark.parametrize("then", ["pass", "raise SystemExit(3)", "os._exit(0)"])
def test_nothing_is_left_at_an_end_of_its_own(tmp_path: Path, then: str) -> None:
    process, root = started(tmp_path, then)
    process.wait()
    assert soon(lambda: nothing_left(root))


def test_the_reaper_is_not_ended_with_the_group_of_the_run(tmp_path: Path) -> None:
    """As Ctrl-C in a terminal, or a job that is cancelled, end all processes of it."""
    source = RUN.format(then="time.sleep(300)", handler="")
    process = subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    root = process.stdout.readline().strip()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert soon(lambda: nothing_left(root))


def test_processes_of_others_are_left_alone(tmp_path: Path) -> None:
    """Another run's, and one that has a longer name."""
    others = [
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            env=os.environ | {reaper.MARK: name},
        )
        for name in (str(tmp_path / "other"), str(tmp_path / "run2"))
    ]
    try:
        (tmp_path / "run").mkdir()
        reaper.clear_up(str(tmp_path / "run"))
        assert not (tmp_path / "run").exists()
        assert [other.poll() for other in others] == [None, None]
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "run" / "file").symlink_to(tmp_path / "kept" / "file")
    assert reaper.remove(str(tmp_path / "run"))
    assert (tmp_path / "kept" / "file").read_text() == "kept"


def test_a_fork_does_not_end_what_its_parent_has(tmp_path: Path) -> None:
    source = """
import os, sys
from tflm_hil import scratch
with scratch.folder("test") as folder:
    child = os.fork()
    if child == 0:
        with scratch.folder("own") as own:
            assert own.parent != folder.parent
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert folder.exists()
    print("there")
"""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "there\n"
    assert soon(lambda: not list(tmp_path.iterdir()))


def test_what_was_left_with_the_reaper_killed_too_goes_at_the_next_start(tmp_path: Path) -> None:
    left, young, used, other = (
        tmp_path / f"{scratch.PREFIX}{name}" for name in ("left", "young", "used", "other")
    )
    for folder in (left, young, used):
        (folder / "worker").mkdir(parents=True)
    other.symlink_to(tmp_path)
    hour_ago = time.time() - 3600
    for folder in (left, used):
        os.utime(folder, (hour_ago, hour_ago))
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    scratch._remove_left_behind(tmp_path)
    assert not left.exists()
    assert young.exists()
    assert used.exists()
    assert other.is_symlink()
    os.close(lock)


def test_a_helper_ends_with_its_parent_if_nobody_is_left_to_end_it() -> None:
    """The reaper killed first: a helper that asked for it is ended by the kernel."""
    helper = (
        "import os, time; from tflm_hil import scratch; scratch.end_with_parent(); "
        "print(os.getpid(), flush=True); time.sleep(300)"
    )
    source = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {helper!r}])"
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    assert soon(lambda: not Path(f"/proc/{pid}/cmdline").exists() or is_zombie(pid))


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_the_folder_is_for_this_user_only() -> None:
    with scratch.folder("test") as folder:
        assert folder.parent.stat().st_mode & 0o077 == 0
        assert folder.parent.parent == Path(tempfile.gettempdir())
