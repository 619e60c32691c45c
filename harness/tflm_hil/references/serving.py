"""The jobs of a worker, one after the other: what the workers of all frameworks have in common.

It has no say in the numbers, so a change here leaves the cached references valid.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.models.tflite.inspect import StateNumbers
from tflm_hil.worker import Answer, Arrays, serve_stream

Result = tuple[tuple[RungOutputs, ...], dict[str, str]]
"""All outputs of a model, and its circumstances."""


LOG = 2  # the file descriptor


EndNames = tuple[tuple[str, ...], tuple[str, ...]]
"""A state by the names that its input and its output may have, the likeliest first."""


@dataclass(frozen=True)
class Work:
    """One job as a worker gets it. `custom` is the file with the user's own classes, if any, and
    `states` are those that were declared; `keras_states` those of a Keras model that takes them as
    inputs.
    """

    framework: str
    model: Path
    custom: Path | None
    carry: bool
    states: StateNumbers | None = None
    keras_states: tuple[EndNames, ...] = ()


Run = Callable[[Work, NDArray[Any]], Result]
"""`run(work, inputs)`: what a worker does with one job."""


def serve_jobs(run: Run) -> None:
    """The main of a worker whose jobs `run` does."""
    serve_stream(lambda request, arrays: run_jobs(request, arrays, run))


def _log_end() -> int:
    """Where the worker's log ends: what C++ code prints goes there, past Python."""
    return os.fstat(LOG).st_size


def _printed_since(start: int) -> str:
    """The lines in the log from `start` on, as one; "" if there is no file."""
    try:
        with Path(f"/proc/self/fd/{LOG}").open("rb") as log:
            log.seek(start)
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "; ".join(line.strip() for line in lines if line.strip())


def state_numbers(plain: list[list[int]] | None) -> StateNumbers | None:
    """Declared states out of a request, where they are lists."""
    return None if plain is None else tuple((taken, given) for taken, given in plain)


def end_names(plain: Sequence[Sequence[Sequence[str]]]) -> tuple[EndNames, ...]:
    """States of a Keras model out of a request, where they are lists."""
    return tuple((tuple(taken), tuple(given)) for taken, given in plain)


def run_jobs(request: dict[str, Any], arrays: Arrays, run: Run) -> Iterator[Answer]:
    """An answer for every job of a request, in their order; one that raises stops no other."""
    for job in request["jobs"]:
        work = Work(
            framework=job["framework"],
            model=Path(job["model"]),
            custom=Path(job["custom"]) if job["custom"] else None,
            carry=job["mode"] == "carry",
            states=state_numbers(job.get("states")),
            keras_states=end_names(job.get("keras_states", ())),
        )
        start = _log_end()
        try:
            tensors, circumstances = run(work, arrays[job["inputs"]])
        except Exception as error:
            printed = _printed_since(start)
            traceback.print_exc()
            what = getattr(error, "what", "") or f"{type(error).__name__}: {error}"
            if printed and work.framework == "tflm":  # its exceptions do not say why
                what = f"{what.rstrip('.')} ({printed})"
            yield {"error": what, "remedy": getattr(error, "remedy", "")}, {}
            continue
        described = [(item.scale, item.zero_point, item.per_step) for item in tensors]
        answer = {"tensors": described, "circumstances": circumstances}
        yield answer, {str(index): item.stored for index, item in enumerate(tensors)}
