"""Desktop TFLM asked to load models: does it take them, and what does it print if not?

Some of its kernels look at types only when they run (REDUCE_MAX at int16). So it also runs the
model once, on zeros, unless there is an operator in it for which zeros may be the wrong input: a
loop that does not end, a division.

It prints to the descriptors of the process, and may end it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.worker import Answer, Arrays, serve_stream

# The desktop has memory; whether a model fits the board is the board's question.
ARENA_BYTES = 64 << 20

NOT_ON_ZEROS = frozenset({"WHILE", "DIV", "FLOOR_DIV", "FLOOR_MOD"})


def load_each(request: dict[str, Any], _: Arrays) -> Iterator[Answer]:
    """`request["models"]` are paths; an answer each."""
    for path in request["models"]:
        content = Path(path).read_bytes()
        with tempfile.TemporaryFile() as printed:
            taken = _load(content, printed)
            printed.seek(0)
            text = printed.read().decode("utf-8", "replace")
        yield {"taken": taken, "printed": text}, {}


def _load(content: bytes, printed: IO[bytes]) -> bool:
    saved = os.dup(2)
    os.dup2(printed.fileno(), 2)
    try:
        interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
        model = inspect(content)
        if NOT_ON_ZEROS.isdisjoint(model.operator_counts):
            for number, tensor in enumerate(model.inputs):
                interpreter.set_input(np.zeros(tensor.shape, tensor.type), number)
            interpreter.invoke()
    except Exception as error:  # its own, and whatever reading a damaged file ends in
        if not printed.tell():
            printed.write(f"{type(error).__name__}: {error}".encode())
        return False
    finally:
        os.dup2(saved, 2)
        os.close(saved)
    return True


if __name__ == "__main__":
    serve_stream(load_each)
