"""Workers: whatever becomes of the process, the caller gets an answer or a `WorkerError`."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tflm_hil import reaper, scratch, worker
from tflm_hil.paths import IMPORT_ROOT, REPOSITORY
from tflm_hil.worker import PYTHON, Stopped, WorkerError, run_worker, stream_worker

MODULE = "tests.support.misbehaving_worker"


@pytest.fixture(autouse=True, scope="module")
def _a_python_of_their_own() -> Iterator[None]:
    """What a user has, also where the suite runs on forks (`tools/warm-python`)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(PYTHON, raising=False)
        yield


def test_another_python_may_run_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    monkeypatch.setenv(PYTHON, str(other))
    assert run_worker(MODULE, {"do": "echo"})[0] == {"do": "echo"}
    assert (tmp_path / "words").read_text().startswith(f"-m {MODULE} ")


def test_answer_and_arrays_come_back() -> None:
    arrays: dict[str, np.ndarray] = {
        "x": np.arange(6, dtype=np.int8).reshape(2, 3),
        "y": np.array([0.1], np.float32),
    }
    answer, back = run_worker(MODULE, {"do": "echo", "text": "µ"}, arrays)
    assert answer == {"do": "echo", "text": "µ"}
    assert back.keys() == arrays.keys()
    for key, array in arrays.items():
        assert back[key].dtype == array.dtype
        np.testing.assert_array_equal(back[key], array)


def test_an_exception_is_carried_over() -> None:
    with pytest.raises(WorkerError) as caught:
        run_worker(MODULE, {"do": "raise"})
    assert caught.value.kind == "KeyError"
    assert "the third layer" in caught.value.cause
    assert not caught.value.crashed


def test_a_crash_is_named_by_its_signal_and_keeps_the_last_lines() -> None:
    with pytest.raises(WorkerError) as caught:
        run_worker(MODULE, {"do": "crash"})
    assert caught.value.crashed
    assert "SIGSEGV" in caught.value.cause
    assert "last words" in caught.value.tail


def test_a_silent_exit_is_a_failure() -> None:
    with pytest.raises(WorkerError, match="exit code 7"):
        run_worker(MODULE, {"do": "exit"})


def test_a_hanging_worker_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(WorkerError) as caught:
        run_worker(MODULE, {"do": "hang"}, timeout_s=1.5)
    assert time.monotonic() - start < 20
    assert caught.value.returncode is None
    assert "in time" in caught.value.cause
    assert "thinking" in caught.value.tail


def test_only_the_last_lines_are_kept() -> None:
    with pytest.raises(WorkerError) as caught:
        run_worker(MODULE, {"do": "chat"})
    lines = caught.value.tail.splitlines()
    assert len(lines) == 12
    assert "ValueError: after a hundred lines" in lines[-1]


def test_frameworks_are_told_to_use_few_threads_and_no_gpu() -> None:
    names = ["TF_NUM_INTRAOP_THREADS", "CUDA_VISIBLE_DEVICES", "TF_ENABLE_ONEDNN_OPTS"]
    answer, _ = run_worker(MODULE, {"do": "environment", "names": names})
    assert answer == {
        "TF_NUM_INTRAOP_THREADS": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }


def test_nothing_is_left_behind() -> None:
    answer, _ = run_worker(MODULE, {"do": "environment", "names": ["TMPDIR"]})
    assert Path(answer["TMPDIR"]).parent.name.startswith(scratch.PREFIX)
    assert not Path(answer["TMPDIR"]).exists()


def test_an_unknown_module_is_a_failure_with_its_reason() -> None:
    with pytest.raises(WorkerError) as caught:
        run_worker("tflm_hil.no_such_worker", {})
    assert "No module named" in caught.value.tail


# --- many answers ---

COUNTING = "tests.support.counting_worker"


def until_the_end(words: list[str], timeout_s: float = 30) -> tuple[list[str], WorkerError]:
    """What arrived, and the error behind it."""
    seen: list[str] = []
    with pytest.raises(WorkerError) as caught:
        seen.extend(
            answer["word"]
            for answer, _ in stream_worker(COUNTING, {"words": words}, timeout_s=timeout_s)
        )
    return seen, caught.value


def test_answers_come_one_by_one_in_their_order() -> None:
    words = [f"w{number}" for number in range(50)]
    stream = stream_worker(COUNTING, {"words": words})
    answers = list(stream)
    assert [answer["word"] for answer, _ in answers] == words
    assert [int(arrays["x"][0]) for _, arrays in answers] == list(range(50))


def test_an_answer_is_there_before_the_next_is_thought_of() -> None:
    began = time.monotonic()
    stream = stream_worker(COUNTING, {"words": ["at once", "hang"]})
    answer, _ = next(stream)
    assert answer["word"] == "at once"
    stream.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(answer["pid"], 0)


@pytest.mark.parametrize("word", ["crash", "raise"])
def test_what_was_answered_before_the_end_is_not_lost(word: str) -> None:
    seen, error = until_the_end(["one", "two", word, "three"])
    assert seen == ["one", "two"]
    assert error.crashed == (word == "crash")


def test_a_silent_worker_is_ended() -> None:
    seen, error = until_the_end(["one", "hang"], timeout_s=1.5)
    assert seen == ["one"]
    assert error.cause == "it did not finish in time"


# --- the end of all ---


def test_workers_are_stopped_from_another_thread_and_start_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is waited for its answer, that is neither an answer nor a failure of its own."""
    answers = stream_worker(COUNTING, {"words": ["at once", "hang"]})
    first, _ = next(answers)
    threading.Timer(0.2, worker.stop_all).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        next(answers)
    assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        os.kill(first["pid"], 0)
    began_again = tmp_path / "began"
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\ntouch {began_again}\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    monkeypatch.setenv(PYTHON, str(other))
    with pytest.raises(Stopped):
        run_worker(MODULE, {"do": "echo"})
    assert not began_again.exists()
    worker.start_again()
    assert run_worker(MODULE, {"do": "echo"})[0] == {"do": "echo"}
    assert began_again.exists()


@pytest.mark.parametrize("stream", [False, True])
def test_a_worker_and_what_it_has_started_end_with_a_run_that_is_killed(
    tmp_path: Path, *, stream: bool
) -> None:
    ask = "list(worker.stream_worker(" if stream else "(worker.run_worker("
    source = f"from tflm_hil import worker\n{ask}{MODULE!r}, {{'do': 'start'}}))"
    paths = f"{IMPORT_ROOT}:{REPOSITORY}"
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": paths}
    run = subprocess.Popen([sys.executable, "-c", source], env=environment)
    deadline = time.monotonic() + 60
    while not (started := list(tmp_path.glob("*/*/started"))):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    root = str(started[0].parents[1])
    assert len(reaper.marked(root)) == 2
    run.kill()
    run.wait()
    deadline = time.monotonic() + 5
    while reaper.marked(root) or any(tmp_path.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
