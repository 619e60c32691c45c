"""What Keras says to a long sequence when its layers keep their state: one process, and cached.

    remembered = with_memory({variant.id: (variant, inputs)})  # inputs [Invokes, elements]
    remembered[variant.id]                                     # outputs, or why there are none

The other frameworks take a long sequence as any other (`compute_many`); a Keras model that was
trained on windows has to be built for it first, see `workers.keras_memory`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache as memoize
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.models.zoo.manifest import KerasFile, Variant
from tflm_hil.references import cache
from tflm_hil.references.jobs import keras_states_of, versions
from tflm_hil.references.records import Reference
from tflm_hil.references.serving import EndNames
from tflm_hil.vocabulary import RungName
from tflm_hil.worker import ENVIRONMENT, WorkerError, run_worker

WORKER = "tflm_hil.references.workers.keras_memory"
CODE = Path(__file__).parent / "workers" / "keras_memory.py"

Source = tuple[KerasFile, NDArray[np.float32], tuple[EndNames, ...]]
"""A Keras model, what it is fed, and the states that it takes as inputs."""

Remembered = RungOutputs | str
"""`[1, Invokes, ...]`, or a sentence's clause that says why there is nothing."""


def with_memory(
    wanted: Mapping[str, tuple[Variant, NDArray[np.float32]]],
    *,
    cache_directory: Path | None = None,
    timeout_s: float = 900.0,
) -> dict[str, Remembered]:
    """By variant id; the cached ones from the cache, the rest in one process.

    Never raises for a model that Keras cannot run so: its value says why.
    """
    directory = cache_directory or cache.default_directory()
    known: dict[str, Remembered] = {}
    missing: dict[str, list[str]] = {}
    sources: dict[str, Source] = {}
    for name, (variant, inputs) in wanted.items():
        if variant.keras is None:
            known[name] = "it came without its Keras model"
            continue
        source = (variant.keras, inputs, keras_states_of(variant))
        key = _key(*source)
        stored = cache.read(directory, key)
        if stored is not None:
            known[name] = stored.tensors[0]
        else:
            missing.setdefault(key, []).append(name)
            sources[key] = source
    if sources:
        computed = _run(sources, timeout_s)
        for key, names in missing.items():
            result = computed[key]
            known |= dict.fromkeys(names, result)
            if isinstance(result, RungOutputs):
                reference = Reference(RungName.KERAS, (result,), versions(RungName.KERAS))
                cache.write(directory, key, reference)
    return known


def _run(sources: Mapping[str, Source], timeout_s: float) -> dict[str, Remembered]:
    """All in one worker; alone, one by one, if that dies."""
    request = {
        "jobs": [
            {
                "model": str(source.path),
                "custom": str(source.custom.path) if source.custom else "",
                "inputs": key,
                "keras_states": states,
            }
            for key, (source, _, states) in sources.items()
        ]
    }
    arrays = {key: inputs for key, (_, inputs, _) in sources.items()}
    try:
        answer, outputs = run_worker(WORKER, request, arrays, timeout_s=timeout_s)
    except WorkerError as failure:
        if len(sources) == 1:
            return dict.fromkeys(sources, failure.cause)
        alone: dict[str, Remembered] = {}
        for key, item in sources.items():
            alone |= _run({key: item}, timeout_s)
        return alone
    results: dict[str, Remembered] = {}
    for number, key in enumerate(sources):
        error = answer["jobs"][number].get("error")
        if error is None:
            results[key] = RungOutputs(outputs[str(number)][np.newaxis], 0.0, 0, True)
        else:
            results[key] = error
    return results


def _key(source: KerasFile, inputs: NDArray[np.float32], states: tuple[EndNames, ...]) -> str:
    return cache.key_of(
        {
            **({"keras_states": states} if states else {}),
            "framework": "keras with memory",
            "model": source.sha256,
            "custom": source.custom.sha256 if source.custom else "",
            "inputs": cache.array_digest(inputs),
            "versions": versions(RungName.KERAS),
            "environment": ENVIRONMENT,
            "machine": platform.machine(),
            "code": _code_version(),
        }
    )


@memoize
def _code_version() -> str:
    return cache.array_digest(np.frombuffer(CODE.read_bytes(), np.uint8))
