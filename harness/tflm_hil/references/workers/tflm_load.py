"""Desktop TFLM asked to load models: does it take them, and what does it print if not?

Some of its kernels look at types only when they run (REDUCE_MAX at int16, FLOOR_MOD at int32), and
some fail at numbers (an integer divided by 0). So it also runs the model, until an input is found
that it runs with (`lints.refused.Feed`).

It prints to the descriptors of the process, and may end it or not come to an end: each model has a
child process, which costs a millisecond.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro.python.tflite_micro import runtime

from tflm_hil.models.tflite.inspect import Inspection, Tensor, inspect
from tflm_hil.models.tflite.lints.refused import Feed
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.worker import Answer, Arrays, serve_stream

# The desktop has memory; whether a model fits the board is the board's question.
ARENA_BYTES = 64 << 20
# Computing time for one model: whether a loop ends is not known before.
SECONDS = 3


def load_each(request: dict[str, Any], _: Arrays) -> Iterator[Answer]:
    """`request["models"]` are paths; an answer each."""
    for path in request["models"]:
        yield _asked(Path(path).read_bytes()), {}


def _asked(content: bytes) -> dict[str, Any]:
    """`loaded`; the feeds that it `failed` with; the one that it `runs` with, "" for none; what it
    `printed` up to the end of the first failure; `ended_by` a signal; `too_long`.
    """
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as notes:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 2))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            _try(content, printed, notes)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        answer = _noted(notes)
        printed.seek(0)
        text = printed.read(answer.pop("first_bytes", None) or -1).decode("utf-8", "replace")
    too_long = code in (-signal.SIGXCPU, -signal.SIGKILL)
    return {
        **answer,
        "printed": text,
        "too_long": too_long,
        "ended_by": signal.Signals(-code).name if code < 0 and not too_long else "",
    }


def _noted(notes: IO[bytes]) -> dict[str, Any]:
    """The last line that the child wrote, or that it came to nothing."""
    notes.seek(0)
    lines = notes.read().splitlines()
    nothing = {"loaded": False, "failed": [], "runs": ""}
    return {**nothing, **(json.loads(lines[-1]) if lines else {})}


def _try(content: bytes, printed: IO[bytes], notes: IO[bytes]) -> None:
    """What came of it goes to `notes`, a line after each step."""
    failed: list[str] = []
    first_bytes = 0
    try:
        interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
        model = inspect(content)
        for feed in Feed:
            # should it end the process now, it has failed
            _note(notes, failed=[*failed, feed], first_bytes=first_bytes)
            if _runs(interpreter, model, feed):
                _note(notes, failed=failed, runs=feed, first_bytes=first_bytes)
                return
            failed.append(feed)
            first_bytes = first_bytes or printed.seek(0, os.SEEK_END)
            _note(notes, failed=failed, first_bytes=first_bytes)
    except Exception as error:  # its own, and whatever reading a damaged file ends in
        if not printed.seek(0, os.SEEK_END):
            os.write(2, f"{type(error).__name__}: {error}".encode())


def _note(notes: IO[bytes], **said: Any) -> None:
    notes.write(json.dumps({"loaded": True, **said}).encode() + b"\n")
    notes.flush()


def _runs(interpreter: Any, model: Inspection, feed: Feed) -> bool:
    """Raises whatever setting an input does."""
    for number, tensor in enumerate(model.inputs):
        interpreter.set_input(_fed(tensor, feed), number)
    try:
        interpreter.invoke()
    except RuntimeError:
        return False
    return True


def _fed(tensor: Tensor, feed: Feed) -> NDArray[Any]:
    if feed is not Feed.RANDOM:
        value = 1.0 if feed is Feed.ONES else 0.0
        return Quantization.of(tensor).quantize(np.full(tensor.shape, value, np.float32))
    random = np.random.default_rng(1)
    kind = np.dtype(tensor.type)
    if kind.kind == "f":
        return random.normal(size=tensor.shape).astype(kind)
    if tensor.scale:
        limits = np.iinfo(kind)
        return random.integers(limits.min, limits.max + 1, size=tensor.shape).astype(kind)
    return random.integers(0, 2, size=tensor.shape).astype(kind)  # counts, indices, decisions


if __name__ == "__main__":
    serve_stream(load_each)
