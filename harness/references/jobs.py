"""Compute references for many variants: from the cache, and the rest in one process a framework.

Starting TensorFlow costs seconds, so everything that is missing for one framework goes to one
worker, and the frameworks work side by side. If a worker crashes or hangs, its jobs run again one
by one, so that only the guilty one fails.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache as memoize
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import ReferenceFailed
from harness.models.manifest import Artefact, Variant
from harness.models.samples import Samples, SampleSource
from harness.models.worker import ENVIRONMENT, Arrays, WorkerError, run_worker
from harness.references import cache
from harness.references.records import (
    FRAMEWORKS,
    Framework,
    Mode,
    OutputTensor,
    Reference,
    References,
)

# The worker that runs a framework: the equations take their weights from Keras, started once.
WORKERS: Mapping[Framework, str] = {
    "cells": "keras", "keras": "keras", "tflite": "tflite", "tflm": "tflm",
}  # fmt: skip

PACKAGES: Mapping[Framework, tuple[str, ...]] = {
    "cells": ("keras", "numpy"),
    "keras": ("keras", "tensorflow", "numpy"),
    "tflite": ("tensorflow", "numpy"),
    "tflm": ("tflite-micro", "numpy"),
}

# Our own code that has a say in the numbers; a change of it makes new keys.
SOURCES = (
    "references/{}_worker.py", "references/sequences.py", "references/feedback.py",
    "models/layout.py", "models/quantize.py", "models/states.py", "models/custom_classes.py",
)  # fmt: skip
EQUATIONS = (
    "references/cells.py", "references/described.py", "references/equations.py",
    "references/network.py", "references/plain.py",
)  # fmt: skip

TITLES: Mapping[Framework, str] = {
    "cells": "our cell equations",
    "keras": "Keras",
    "tflite": "TFLite",
    "tflm": "desktop TFLM",
}


@dataclass(frozen=True)
class Job:
    """One model on one set of inputs in one framework. `key` is its key in the cache.

    `custom` is the file with the user's own Keras classes, if any.
    """

    framework: Framework
    model: Path
    custom: Path | None
    mode: Mode
    inputs: NDArray[Any]
    inputs_digest: str
    key: str


def compute(
    variant: Variant,
    samples: Samples | None = None,
    *,
    mode: Mode = "reset_each",
    frameworks: Sequence[Framework] = FRAMEWORKS,
    cache_directory: Path | None = None,
) -> References:
    """References of one variant; raises `ReferenceFailed`. See `compute_many`."""
    found = compute_many(
        [variant], samples, mode=mode, frameworks=frameworks, cache_directory=cache_directory
    )[variant.id]
    if isinstance(found, ReferenceFailed):
        raise found
    return found


def compute_many(
    variants: Iterable[Variant],
    samples: Samples | None = None,
    *,
    mode: Mode = "reset_each",
    frameworks: Sequence[Framework] = FRAMEWORKS,
    first: int | None = None,
    cache_directory: Path | None = None,
    timeout_s: float = 900.0,
) -> dict[str, References | ReferenceFailed]:
    """References by variant id, on `samples` or on each variant's own (the `first` so many).

    A variant whose reference cannot be computed has its `ReferenceFailed` as value, the others
    are not touched by it. Without its Keras model, and in mode `carry`, a variant has no reference
    of Keras nor of the equations. `timeout_s` bounds each worker.
    """
    directory = cache_directory or cache.default_directory()
    wanted = list(variants)
    loaded: dict[SampleSource, Samples] = {}
    jobs: dict[str, list[Job]] = {}
    for variant in wanted:
        if samples is None and variant.samples not in loaded:
            loaded[variant.samples] = variant.load_samples()
        used = loaded[variant.samples] if samples is None else samples
        jobs[variant.id] = jobs_of(variant, used.first(first), mode, frameworks)
    results = _resolve([job for items in jobs.values() for job in items], directory, timeout_s)
    return {variant.id: _collect(variant, mode, jobs[variant.id], results) for variant in wanted}


def jobs_of(
    variant: Variant, samples: Samples, mode: Mode, frameworks: Sequence[Framework]
) -> list[Job]:
    """What has to run for one variant, in the order of the ladder, with its cache keys."""
    inputs = np.ascontiguousarray(samples.inputs)
    digest = cache.array_digest(inputs)
    jobs = []
    for framework in FRAMEWORKS:
        if framework not in frameworks:
            continue
        source, custom = Artefact(variant.path, variant.sha256, variant.size_bytes), None
        if WORKERS[framework] == "keras":
            if variant.keras is None or mode == "carry":
                continue
            source, custom = variant.keras, variant.keras.custom
        facts = {
            "framework": framework,
            "model": source.sha256,
            "custom": custom.sha256 if custom else "",
            "inputs": digest,
            "mode": mode,
            "versions": _versions(framework),
            "environment": ENVIRONMENT,
            "machine": platform.machine(),
            "code": _code_version(framework),
        }
        path = custom.path if custom else None
        key = cache.key_of(facts)
        jobs.append(Job(framework, source.path, path, mode, inputs, digest, key))
    return jobs


def _resolve(
    jobs: list[Job], directory: Path, timeout_s: float
) -> dict[str, Reference | ReferenceFailed]:
    """Reference or failure of every job, by key."""
    results: dict[str, Reference | ReferenceFailed] = {}
    missing: dict[str, dict[str, Job]] = {}
    for job in jobs:
        if job.key in results:
            continue
        found = cache.read(directory, job.key)
        if found is not None:
            results[job.key] = found
        else:
            missing.setdefault(WORKERS[job.framework], {})[job.key] = job
    if missing:
        with ThreadPoolExecutor(len(missing)) as pool:
            batches = [
                pool.submit(_run_batch, list(batch.values()), timeout_s)
                for batch in missing.values()
            ]
            for batch in batches:
                results.update(batch.result())
        for items in missing.values():
            for key in items:
                result = results[key]
                if isinstance(result, Reference):
                    cache.write(directory, key, result)
    return results


def _run_batch(jobs: list[Job], timeout_s: float) -> dict[str, Reference | ReferenceFailed]:
    """All jobs of one worker at once; alone, one by one, if that dies."""
    worker = WORKERS[jobs[0].framework]
    request = {
        "jobs": [
            {
                "framework": job.framework,
                "model": str(job.model.resolve()),
                "custom": str(job.custom.resolve()) if job.custom else "",
                "mode": job.mode,
                "inputs": job.inputs_digest,
            }
            for job in jobs
        ]
    }
    arrays = {job.inputs_digest: job.inputs for job in jobs}
    try:
        answer, outputs = run_worker(
            f"harness.references.{worker}_worker", request, arrays, timeout_s=timeout_s
        )
    except WorkerError as failure:
        if len(jobs) == 1:
            return {jobs[0].key: _failed(jobs[0], failure.cause, failure.tail)}
        alone: dict[str, Reference | ReferenceFailed] = {}
        for job in jobs:
            alone.update(_run_batch([job], timeout_s))
        return alone
    return {
        job.key: _result(job, number, answer["jobs"][number], outputs)
        for number, job in enumerate(jobs)
    }


def _result(
    job: Job, number: int, answer: Mapping[str, Any], outputs: Arrays
) -> Reference | ReferenceFailed:
    if "error" in answer:
        return _failed(job, answer["error"], "", answer["remedy"])
    tensors = tuple(
        OutputTensor(outputs[f"{number}.{index}"], *item)
        for index, item in enumerate(answer["tensors"])
    )
    circumstances = {**_versions(job.framework), **answer["circumstances"], "cached": "no"}
    return Reference(job.framework, tensors, circumstances)


def _failed(job: Job, cause: str, tail: str, remedy: str = "") -> ReferenceFailed:
    what = (
        f"{TITLES[job.framework]} could not run {job.model.parent.name}/{job.model.name}: {cause}"
    )
    if tail:
        what += f"\n{tail}"
    return ReferenceFailed(
        what,
        remedy=remedy
        or "Check that the sample sequences fit the model and that its operators exist there.",
    )


def _collect(
    variant: Variant,
    mode: Mode,
    jobs: list[Job],
    results: Mapping[str, Reference | ReferenceFailed],
) -> References | ReferenceFailed:
    references: dict[Framework, Reference] = {}
    for job in jobs:
        result = results[job.key]
        if isinstance(result, ReferenceFailed):
            return result
        references[job.framework] = result
    return References(variant.id, mode, references)


@memoize
def _versions(framework: Framework) -> dict[str, str]:
    try:
        return {name: importlib.metadata.version(name) for name in PACKAGES[framework]}
    except importlib.metadata.PackageNotFoundError as error:
        raise ReferenceFailed(
            f"{TITLES[framework]} is not installed: no package {error.name}",
            remedy="Install the project's dependencies: pip install -e '.[dev]'.",
        ) from None


@memoize
def _code_version(framework: Framework) -> str:
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for source in (*SOURCES, *(EQUATIONS if framework == "cells" else ())):
        digest.update((root / source.format(WORKERS[framework])).read_bytes())
    return digest.hexdigest()
