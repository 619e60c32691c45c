"""Run TensorFlow, Keras or tflite-micro in a process of its own.

Two reasons. Importing TensorFlow costs seconds and half a gigabyte, and a warm run needs none of
it (docs/decisions.md, rule 8). And the TFLite converter and interpreters may end the process that
they run in (segmentation faults are normal for some exports): here that is a value, not the end
of pytest.

The caller side is `run_worker`, the process side `serve`. A request is a JSON object and named
arrays, an answer likewise; both travel as files in a temporary directory:

    answer, arrays = run_worker("tflm_hil.models.convert.worker", {"export": "loop"}, {"x": x})

Where one process does many jobs, `stream_worker` and `serve_stream` hand over each answer as soon
as it is there: what was computed before a worker dies, or its caller, is not lost.

Both raise `WorkerError`, which callers turn into an error of their own area. A worker ends with the
process that started it, however that ends, and so does its folder; `stop_all` ends all of them.

`HIL_WORKER_PYTHON` names another Python for the workers than the one that runs this: one that has
TensorFlow where this has not, or the stand-in of `tools/warm-python`, which has it imported.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil import scratch
from tflm_hil.paths import IMPORT_ROOT

Arrays = dict[str, NDArray[Any]]
Answer = tuple[dict[str, Any], Arrays]
Handler = Callable[[dict[str, Any], Arrays], Answer]
StreamHandler = Callable[[dict[str, Any], Arrays], Iterator[Answer]]

PYTHON = "HIL_WORKER_PYTHON"
THREADS = 2
TAIL_LINES = 12

# Quiet, on the CPU, few threads, and the same bits on every x86: oneDNN chooses its summation
# order by processor model.
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": str(THREADS),
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": str(THREADS),
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "PYTHONFAULTHANDLER": "1",
}


@dataclass(eq=False)  # exceptions must stay hashable
class WorkerError(Exception):
    """The worker did not deliver an answer.

    `returncode` as of `subprocess` (negative: the signal that ended it; None: it ran out of time).
    `kind` and `message` come from a Python exception in the worker and are empty after a crash.
    `tail` holds the last lines it printed; `details` what the exception has under that name, as
    JSON values.
    """

    module: str
    returncode: int | None
    kind: str
    message: str
    tail: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def crashed(self) -> bool:
        """Ended by a signal (a segmentation fault, an abort), not by a Python exception."""
        return self.returncode is not None and self.returncode < 0

    @property
    def cause(self) -> str:
        """One clause for an error sentence."""
        if self.returncode is None:
            return "it did not finish in time"
        if self.crashed:
            return f"it crashed with {signal.Signals(-self.returncode).name}"
        if self.kind:
            return f"{self.kind}: {self.message}" if self.message else self.kind
        return f"it ended with exit code {self.returncode}"

    def __str__(self) -> str:
        return f"{self.module}: {self.cause}\n{self.tail}".rstrip()


class Stopped(Exception):
    """`stop_all` has ended the worker: its answers are not wanted any more."""


_running: set[subprocess.Popen[bytes]] = set()
_stopped = threading.Event()


def stop_all() -> None:
    """End all workers of this process; where one is waited for, `Stopped` is raised.

    May be called from a signal handler. No new one starts until `start_again`.
    """
    _stopped.set()
    for process in list(_running):
        process.kill()


def start_again() -> None:
    """Workers may be started, after `stop_all`."""
    _stopped.clear()


def _in_fork() -> None:
    """The workers are the parent's."""
    _running.clear()
    _stopped.clear()


os.register_at_fork(after_in_child=_in_fork)


def python() -> str:
    """The Python that a process is started with which may import the frameworks."""
    return os.environ.get(PYTHON, sys.executable)


def run_worker(
    module: str,
    request: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]] | None = None,
    *,
    timeout_s: float = 900.0,
    environment: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], Arrays]:
    """Run `python -m module` on one request and return its answer.

    Raises `WorkerError` when it crashes, raises, or is not done after `timeout_s` seconds.
    """
    with scratch.folder("worker") as directory:
        _write(directory, "request", dict(request), dict(arrays or {}))
        with _process(module, directory, environment or {}) as process:
            try:
                returncode: int | None = process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                returncode = None
        if returncode != 0 or not (directory / "answer.json").exists():
            raise _error(module, directory, returncode)
        return _read(directory, "answer")


def stream_worker(
    module: str,
    request: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]] | None = None,
    *,
    timeout_s: float = 900.0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Answer]:
    """Run `python -m module` on one request and yield its answers, each as soon as it is there.

    Raises `WorkerError` behind the last one when it crashes, raises, or gives no further answer
    for `timeout_s` seconds. Closing the iterator ends the worker.
    """
    with scratch.folder("worker") as directory:
        _write(directory, "request", dict(request), dict(arrays or {}))
        news, tell = os.pipe()
        try:
            with _process(module, directory, environment or {}, tell) as process:
                os.close(tell)  # so that its end shows
                timed_out = yield from _answers(directory, news, timeout_s)
                returncode = None if timed_out else process.wait()
        finally:
            os.close(news)
        if returncode != 0:
            raise _error(module, directory, returncode)


def _answers(directory: Path, news: int, timeout_s: float) -> Generator[Answer, None, bool]:
    """Answers until the worker's end of the pipe closes; whether it fell silent before."""
    for number in count():
        ready, _, _ = select.select([news], [], [], timeout_s)
        if not ready:
            return True
        if not os.read(news, 1):
            return False
        yield _read(directory, f"answer-{number}")
        for kind in ("json", "npz"):
            (directory / f"answer-{number}.{kind}").unlink()
    raise AssertionError("count() has no end")


def serve(handler: Handler) -> None:
    """The worker's main: read the request, call `handler`, write its answer or its exception.

    What has been imported until now lives as long as the process: the garbage collector, which
    would walk through 350,000 objects of the frameworks again and again, leaves it alone (a fifth
    of the CPU time of a conversion).
    """
    gc.freeze()
    scratch.end_with_parent()
    directory = Path(sys.argv[1])
    request, arrays = _read(directory, "request")
    with _told(directory):
        answer, results = handler(request, arrays)
    _write(directory, "answer", answer, results)


def serve_stream(handler: StreamHandler) -> None:
    """The same for `stream_worker`: each answer that `handler` yields goes out at once."""
    gc.freeze()
    scratch.end_with_parent()
    directory, tell = Path(sys.argv[1]), int(sys.argv[2])
    request, arrays = _read(directory, "request")
    with _told(directory):
        for number, (answer, results) in enumerate(handler(request, arrays)):
            _write(directory, f"answer-{number}", answer, results)
            os.write(tell, b".")


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    """An exception is written down for the caller, and ends the worker."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        record = {
            "kind": type(error).__name__,
            "message": str(error),
            "details": getattr(error, "details", {}),
        }
        (directory / "error.json").write_text(json.dumps(record), encoding="utf-8")
        sys.exit(1)


@contextmanager
def _process(
    module: str, directory: Path, environment: Mapping[str, str], *tell: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the request in `directory`; it inherits `tell`. Killed if it still runs."""
    if _stopped.is_set():
        raise Stopped(module)
    paths = [str(IMPORT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with (directory / "log").open("wb") as stream:
        process = subprocess.Popen(
            [python(), "-m", module, str(directory), *map(str, tell)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            pass_fds=tell,
            env={
                **os.environ,
                **ENVIRONMENT,
                "PYTHONPATH": os.pathsep.join(paths),
                # what a worker leaves behind goes away with its directory, even after a crash
                "TMPDIR": str(directory),
                **scratch.mark(),
                **environment,
            },
        )
        _running.add(process)
        try:
            if _stopped.is_set():  # while it was being started
                raise Stopped(module)
            yield process
            if _stopped.is_set():
                raise Stopped(module)
        finally:
            # also on KeyboardInterrupt: no worker outlives its caller
            if process.poll() is None:
                process.kill()
                process.wait()
            _running.discard(process)


def _write(directory: Path, name: str, record: dict[str, Any], arrays: Arrays) -> None:
    with (directory / f"{name}.npz").open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    # last, and by rename: its presence says that the arrays are complete
    temporary = directory / f"{name}.json.part"
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(directory / f"{name}.json")


def _read(directory: Path, name: str) -> tuple[dict[str, Any], Arrays]:
    record: dict[str, Any] = json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))
    with np.load(directory / f"{name}.npz", allow_pickle=False) as archive:
        return record, {key: archive[key] for key in archive.files}


def _error(module: str, directory: Path, returncode: int | None) -> WorkerError:
    output = (directory / "log").read_text(encoding="utf-8", errors="replace")
    tail = "\n".join(output.splitlines()[-TAIL_LINES:])
    path = directory / "error.json"
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return WorkerError(
        module,
        returncode,
        record.get("kind", ""),
        record.get("message", ""),
        tail,
        record.get("details", {}),
    )
