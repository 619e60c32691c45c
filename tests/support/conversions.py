"""Many Keras models converted one after the other and held against Keras on the desktop wheel.

    for outcome in outcomes([Job("kinds", "seq2seq", "shift", "int8"), Job("graphs", "17", ...)]):
        ...

Many jobs share a worker process; where it dies, that job is what it died of, and a new worker goes
on behind it. Models come from `tests.support.model_kinds` and `tests.support.random_graphs`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tflm_hil.models.convert.conversion_failure import explain
from tflm_hil.models.convert.fidelity import Fidelity
from tflm_hil.vocabulary import Precision
from tflm_hil.worker import WorkerError, stream_worker

KINDS = ("model_kinds.py", "masked_kinds.py")
WORKER = "tests.support.conversion_worker"
JOBS_PER_WORKER = 40
TIMEOUT_S = 300.0
TRIED = 6  # sequences of a model that desktop TFLM runs

# What of a converted model may differ from Keras, as a share of the range of Keras' outputs.
BOUND = {Precision.FLOAT32: 2e-5, Precision.INT8: 0.5, Precision.INT16X8: 0.1}


@dataclass(frozen=True)
class Job:
    """One model in one export and type."""

    source: str  # kinds or graphs
    name: str
    export: str
    dtype: str


@dataclass(frozen=True)
class Outcome:
    """What became of a job. With a `refusal` there is a `remedy` and no model; `coarse`: there was
    one, and a comparison with Keras refused it; `crashed`: the converter's process died;
    `unrunnable`: why desktop TFLM does not run what came out.

    `fidelity` is what the conversion's own comparison says, `error` the largest |Δ| against Keras
    of any output of desktop TFLM, as a share of the range of Keras' output; `parts` is what the
    model is made of.
    """

    job: Job
    refusal: str = ""
    remedy: str = ""
    coarse: bool = False
    crashed: bool = False
    unrunnable: str = ""
    error: float = 0.0
    fidelity: Fidelity = Fidelity.FAITHFUL
    size_bytes: int = 0
    input_types: tuple[str, ...] = ()
    parts: str = ""

    @property
    def sentence(self) -> str:
        """The refusal without what was asked for."""
        said = self.refusal.split("): ", 1)[-1].split("failed: ", 1)[-1]
        return said.splitlines()[0] if said else ""

    @property
    def kind(self) -> str:
        """The refusal without names and numbers: refusals of one kind are counted together."""
        return re.sub(r"(layer|LSTM|input) (?!op)\w+|\b\d[\d.e+-]*", r"\1 …", self.sentence)[:110]

    @property
    def named(self) -> bool:
        """Whether a refusal says what is wrong and what to do, and not what a library said."""
        words = ("read the converter's last lines", "try another export; the last lines")
        return bool(self.remedy) and not self.remedy.startswith(words)

    @property
    def equal(self) -> bool:
        """Within the bounds of its type: that of the conversion, and ours."""
        near = self.error <= BOUND[Precision(self.job.dtype)] and not self.unrunnable
        return near and self.fidelity is not Fidelity.WRONG


def graph(number: int) -> Job:
    """The job of a random graph: an export and type that can be asked for together."""
    random = np.random.default_rng([20261201, number, 1])
    export = str(random.choice(["shift", "shift", "unrolled", "fused", "step", "step"]))
    types = {"shift": ["float32", "int8"], "fused": ["float32", "int8"]}
    dtype = str(random.choice(types.get(export, ["float32", "int8", "int8", "int16x8"])))
    return Job("graphs", str(number), export, dtype)


def outcomes(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Of every job, in their order."""
    left = list(jobs)
    while left:
        taken = left[:JOBS_PER_WORKER]
        request = {"jobs": [[job.source, job.name, job.export, job.dtype] for job in taken]}
        done = 0
        try:
            for answer, _ in stream_worker(WORKER, request, timeout_s=TIMEOUT_S):
                yield _outcome(taken[done], answer)
                done += 1
        except WorkerError as failure:
            if done == len(taken):
                raise
            job = taken[done]
            error = explain(failure, f"{job.name}.keras", job.export, job.dtype)
            yield Outcome(job, error.what, error.remedy, crashed=failure.kind == "")
            done += 1
        left = left[done:]


def _outcome(job: Job, answer: dict[str, Any]) -> Outcome:
    if "kind" in answer:
        failure = WorkerError(
            WORKER, 1, str(answer["kind"]), str(answer["message"]), "", answer["details"]
        )
        error = explain(failure, f"{job.name}.keras", job.export, job.dtype)
        return Outcome(job, error.what, error.remedy, parts=str(answer["parts"]))
    if "refused" in answer:  # as the command does, after it has compared
        what, remedy = map(str, answer["refused"])
        far, parts = float(str(answer["error"])), str(answer["parts"])
        return Outcome(job, what, remedy, error=far, coarse=True, parts=parts)
    if "unrunnable" in answer:
        return Outcome(job, unrunnable=str(answer["unrunnable"]), parts=str(answer["parts"]))
    return Outcome(
        job,
        error=float(str(answer["error"])),
        fidelity=Fidelity(answer["fidelity"]),
        size_bytes=int(str(answer["size_bytes"])),
        input_types=tuple(answer["input_types"]),
        parts=str(answer["parts"]),
    )


def names_of_kinds() -> list[str]:
    """The kinds of `tests.support.model_kinds` and of those with masks, in their order; Keras stays
    in the worker.
    """
    return [
        item.name
        for name in KINDS
        for item in ast.parse((Path(__file__).parent / name).read_text(encoding="utf-8")).body
        if isinstance(item, ast.FunctionDef)
        and any(isinstance(one, ast.Name) and one.id == "kind" for one in item.decorator_list)
    ]
