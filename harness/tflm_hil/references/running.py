"""Compute references for many variants: from the cache, and the rest in one process a framework.

Starting TensorFlow costs seconds, so everything that is missing for one framework goes to one
worker, which hands over each result as it has it, and the frameworks work side by side. If a
worker crashes or hangs, a new one goes on where it was, so that only the guilty job fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import shorten
from threading import Lock
from typing import Any

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.models.zoo.samples import Samples, SampleSource
from tflm_hil.references import cache
from tflm_hil.references.jobs import WORKERS, Job, jobs_of, versions
from tflm_hil.references.records import (
    REFUSED,
    Mode,
    Reference,
    References,
)
from tflm_hil.vocabulary import FRAMEWORKS, RUNGS
from tflm_hil.worker import Arrays, WorkerError, stream_worker

REFUSAL_CHARACTERS = 200  # of a note; TFLite names every tensor that it minds

Arrived = Callable[[str, References | ReferenceFailed], None]


def compute(
    variant: Variant,
    samples: Samples | None = None,
    *,
    mode: Mode = "reset_each",
    frameworks: Sequence[str] = FRAMEWORKS,
    cache_directory: Path | None = None,
) -> References:
    """References of one variant; raises `ReferenceFailed`. See `compute_many`."""
    result = compute_many(
        [variant], samples, mode=mode, frameworks=frameworks, cache_directory=cache_directory
    )[variant.id]
    if isinstance(result, ReferenceFailed):
        raise result
    return result


def compute_many(
    variants: Iterable[Variant],
    samples: Samples | Mapping[str, Samples] | None = None,
    *,
    mode: Mode = "reset_each",
    frameworks: Sequence[str] = FRAMEWORKS,
    first: int | None = None,
    cache_directory: Path | None = None,
    timeout_s: float = 900.0,
    arrived: Arrived = lambda *_: None,
) -> dict[str, References | ReferenceFailed]:
    """References by variant id, on `samples` (the same for all, or by variant id) or on each
    variant's own; only of the `first` sequences, if given.

    A variant whose reference cannot be computed has its `ReferenceFailed` as value, the others
    are not touched by it. Without its Keras model a variant has no reference of Keras nor of the
    equations; in mode `carry` only of Keras, if the model is stateful. `timeout_s` bounds each job.

    Results go to the cache as they arrive, and to `arrived(variant id, result)` as soon as all of a
    variant are there, in about the order of `variants`; the call comes from a thread of here, and
    what it raises ends the workers.
    """
    directory = cache_directory or cache.default_directory()
    wanted = list(variants)
    loaded: dict[SampleSource, Samples] = {}
    jobs: dict[str, list[Job]] = {}
    for variant in wanted:
        if samples is None:
            if variant.samples not in loaded:
                loaded[variant.samples] = variant.load_samples()
            used = loaded[variant.samples]
        else:
            used = samples if isinstance(samples, Samples) else samples[variant.id]
        jobs[variant.id] = jobs_of(variant, used.first(first), mode, frameworks)
    results = _Results(mode, jobs, arrived)
    results.complete_empty()
    _resolve((job for items in jobs.values() for job in items), directory, timeout_s, results)
    return results.by_variant


class _Results:
    """Results of jobs by key, from several threads; hands on each variant that is complete."""

    def __init__(self, mode: Mode, jobs: Mapping[str, list[Job]], arrived: Arrived) -> None:
        self._mode = mode
        self._jobs = jobs
        self._arrived = arrived
        self._lock = Lock()
        self._results: dict[str, Reference | ReferenceFailed] = {}
        self._missing: dict[str, set[str]] = {}
        for variant_id, items in jobs.items():
            self._missing[variant_id] = {job.key for job in items}
        self._stopped: BaseException | None = None
        self.by_variant: dict[str, References | ReferenceFailed] = {}

    def add(self, key: str, result: Reference | ReferenceFailed) -> None:
        """Raises what `arrived` has raised, in the other threads too: the caller wants no more."""
        with self._lock:
            if self._stopped is not None:
                raise self._stopped
            self._results[key] = result
            for variant_id, missing in self._missing.items():
                if key in missing:
                    missing.remove(key)
                    if not missing:
                        self._complete(variant_id)

    def complete_empty(self) -> None:
        """Variants without any job."""
        for variant_id, missing in self._missing.items():
            if not missing and variant_id not in self.by_variant:
                self._complete(variant_id)

    def _complete(self, variant_id: str) -> None:
        jobs = self._jobs[variant_id]
        result = _collect(variant_id, self._mode, jobs, self._results)
        self.by_variant[variant_id] = result
        try:
            self._arrived(variant_id, result)
        except BaseException as stop:
            self._stopped = stop
            raise


def _resolve(jobs: Iterable[Job], directory: Path, timeout_s: float, results: _Results) -> None:
    """All results into `results`, in the jobs' order as far as the frameworks' speed lets them."""
    missing: dict[str, dict[str, Job]] = {}
    for job in {job.key: job for job in jobs}.values():
        cached = cache.read(directory, job.key)
        if cached is not None:
            results.add(job.key, cached)
        else:
            missing.setdefault(WORKERS[job.framework], {})[job.key] = job

    def store(job: Job, result: Reference | ReferenceFailed) -> None:
        if isinstance(result, Reference):
            cache.write(directory, job.key, result)
        results.add(job.key, result)

    if missing:
        with ThreadPoolExecutor(len(missing)) as pool:
            for done in [
                pool.submit(_run_batch, list(batch.values()), timeout_s, store)
                for batch in missing.values()
            ]:
                done.result()


def _run_batch(
    jobs: list[Job], timeout_s: float, store: Callable[[Job, Reference | ReferenceFailed], None]
) -> None:
    """All jobs of one worker. The one at which it dies is tried once more, in a new worker and
    before the rest; if it dies again, that job has failed.
    """
    while jobs:
        done = 0
        try:
            for answer, outputs in stream_worker(*_request(jobs), timeout_s=timeout_s):
                store(jobs[done], _result(jobs[done], answer, outputs))
                done += 1
            cause, tail = "it ended without an answer", ""
        except WorkerError as failure:
            cause, tail = failure.cause, failure.tail
        if done == 0:
            store(jobs[0], _failed(jobs[0], cause, tail))
        jobs = jobs[max(done, 1) :]


def _request(jobs: list[Job]) -> tuple[str, dict[str, Any], Arrays]:
    """Module, request and arrays of the worker that does `jobs`."""
    described = [
        {
            "framework": job.framework,
            "model": str(job.model.resolve()),
            "custom": str(job.custom.resolve()) if job.custom else "",
            "mode": job.mode,
            "states": job.states,
            "keras_states": job.keras_states,
            "inputs": job.inputs_digest,
        }
        for job in jobs
    ]
    module = f"tflm_hil.references.workers.{WORKERS[jobs[0].framework]}"
    return module, {"jobs": described}, {job.inputs_digest: job.inputs for job in jobs}


def _result(job: Job, answer: Mapping[str, Any], outputs: Arrays) -> Reference | ReferenceFailed:
    if "error" in answer:
        return _failed(job, answer["error"], "", answer["remedy"])
    tensors = tuple(
        RungOutputs(outputs[str(index)], *item) for index, item in enumerate(answer["tensors"])
    )
    circumstances = {**versions(job.framework), **answer["circumstances"], "cached": "no"}
    return Reference(job.framework, tensors, circumstances)


def _failed(job: Job, cause: str, tail: str, remedy: str = "") -> ReferenceFailed:
    title = RUNGS[job.framework].title
    what = f"{title} could not run {job.model.parent.name}/{job.model.name}: {cause}"
    if tail:
        what += f"\n{tail}"
    return ReferenceFailed(
        what,
        remedy=remedy
        or "check that the sample sequences fit the model and that its operators exist there",
    )


def _may_be_missing(job: Job, jobs: list[Job]) -> bool:
    """TFLite, where nothing is known of the model but its file: then the ladder starts at desktop
    TFLM, which takes some files that TFLite finds fault with.
    """
    return job.framework == "tflite" and {item.framework for item in jobs} == {"tflite", "tflm"}


def _collect(
    variant_id: str,
    mode: Mode,
    jobs: list[Job],
    results: Mapping[str, Reference | ReferenceFailed],
) -> References | ReferenceFailed:
    references: dict[str, Reference] = {}
    for job in jobs:
        result = results[job.key]
        if isinstance(result, ReferenceFailed):
            if not _may_be_missing(job, jobs):
                return result
            said = shorten(result.what.splitlines()[0], REFUSAL_CHARACTERS, placeholder=" …")
            result = Reference(job.framework, (), {REFUSED: said})
        references[job.framework] = result
    return References(variant_id, mode, references)
