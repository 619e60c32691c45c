"""What has to run for a variant, and the keys under which its results are kept."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache as memoize
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import CorruptModel, ReferenceFailed
from tflm_hil.models.convert.model_files import LOADING
from tflm_hil.models.tflite.inspect import StateNumbers
from tflm_hil.models.tflite.state_names import all_names
from tflm_hil.models.zoo.manifest import Artefact, KerasFile, Variant
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.paths import PACKAGE
from tflm_hil.references import cache
from tflm_hil.references.keras_config import has_stateful_layer, input_names
from tflm_hil.references.records import Mode
from tflm_hil.references.serving import EndNames
from tflm_hil.vocabulary import FRAMEWORKS, RUNGS, RungName
from tflm_hil.worker import ENVIRONMENT

# The worker that runs a framework: the equations take their weights from Keras, started once.
WORKERS: Mapping[RungName, str] = {
    RungName.CELLS: "keras",
    RungName.KERAS: "keras",
    RungName.TFLITE: "tflite",
    RungName.TFLM: "tflm",
}

PACKAGES: Mapping[RungName, tuple[str, ...]] = {
    RungName.CELLS: ("keras", "numpy"),
    RungName.KERAS: ("keras", "tensorflow", "numpy"),
    RungName.TFLITE: ("tensorflow", "numpy"),
    RungName.TFLM: ("tflite-micro", "numpy"),
}

# Our own code that has a say in the numbers; a change of it makes new keys.
SOURCES = (
    "references/workers/{}.py", "references/sequences.py", "references/stateful.py",
    "references/keras_states.py",
    "models/tflite/feedback.py", "models/tflite/interpreter.py", "models/tflite/layout.py",
    "models/tflite/quantize.py", "models/tflite/states.py", "models/tflite/state_names.py",
    "models/tflite/state_search.py", *LOADING,
)  # fmt: skip
EQUATIONS = (
    *(f"references/equations/{name}.py"
      for name in ("build", "cells", "description", "network", "obstacles", "plain",
                   "read_decoder", "read_keras", "rung", "windows", "wiring")),
    "models/layer_kinds.py",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One model on one set of inputs in one framework. `key` is its key in the cache.

    `custom` is the file with the user's own Keras classes, if any; `states` are those that were
    declared, of a `.tflite`; `keras_states` are those of a Keras model that takes them as inputs.
    """

    framework: RungName
    model: Path
    custom: Path | None
    mode: Mode
    inputs: NDArray[Any]
    inputs_digest: str
    key: str
    states: StateNumbers | None = None
    keras_states: tuple[EndNames, ...] = ()


def _with_digest(inputs: NDArray[Any]) -> tuple[NDArray[Any], str]:
    inputs = np.ascontiguousarray(inputs)
    return inputs, cache.array_digest(inputs)


def jobs_of(variant: Variant, samples: Samples, mode: Mode, frameworks: Sequence[str]) -> list[Job]:
    """What has to run for one variant, in the order of the ladder, with its cache keys."""
    packed = _with_digest(samples.inputs)
    for_keras = packed if samples.for_keras is None else _with_digest(samples.for_keras)
    states = _declared(variant)
    jobs = []
    for framework in FRAMEWORKS:
        if framework not in frameworks:
            continue
        source, custom = Artefact(variant.path, variant.sha256, variant.size_bytes), None
        if WORKERS[framework] == "keras":
            if variant.keras is None or not _runs(framework, mode, variant.keras):
                continue
            source, custom = variant.keras, variant.keras.custom
        inputs, digest = for_keras if WORKERS[framework] == "keras" else packed
        facts: dict[str, object] = {
            "framework": framework,
            "model": source.sha256,
            "custom": custom.sha256 if custom else "",
            "inputs": digest,
            "mode": mode,
            "versions": versions(framework),
            "environment": ENVIRONMENT,
            "machine": platform.machine(),
            "code": _code_version(framework),
        }
        keras_states: tuple[EndNames, ...] = ()
        if WORKERS[framework] == "keras":
            keras_states = keras_states_of(variant)
            if keras_states:
                facts["keras_states"] = keras_states
        elif states is not None:
            facts["states"] = states
        path = custom.path if custom else None
        key = cache.key_of(facts)
        jobs.append(
            Job(framework, source.path, path, mode, inputs, digest, key, states, keras_states)
        )
    return jobs


def keras_states_of(variant: Variant) -> tuple[EndNames, ...]:
    """The states of a Keras model that takes several inputs: as the manifest declares them, or else
    those of the variant by their names.
    """
    keras = variant.keras
    if keras is None or len(input_names(keras.path)) < 2:
        return ()
    if keras.states is not None:
        return tuple(((taken,), (given,)) for taken, given in keras.states)
    try:
        model, pairs = variant.inspection(), variant.state_pairs()
    except CorruptModel:
        return ()
    return tuple(
        (
            all_names(model, model.inputs[pair.input], output=False),
            all_names(model, model.outputs[pair.output], output=True),
        )
        for pair in pairs
    )


def _declared(variant: Variant) -> StateNumbers | None:
    """None, too, for a file that is no model: each framework says so in its own words."""
    try:
        return variant.declared_numbers()
    except CorruptModel:
        return None


def _runs(framework: RungName, mode: Mode, keras: KerasFile) -> bool:
    """Whether there is such a rung: memory from sequence to sequence has only a stateful model."""
    stateful = framework is RungName.KERAS and has_stateful_layer(keras.path)
    return mode == "reset_each" or stateful


@memoize
def versions(framework: RungName) -> dict[str, str]:
    """Of the packages that have a say in its numbers. Raises ReferenceFailed if one is missing."""
    try:
        return {name: importlib.metadata.version(name) for name in PACKAGES[framework]}
    except importlib.metadata.PackageNotFoundError as error:
        raise ReferenceFailed(
            f"{RUNGS[framework].title} is not installed: no package {error.name}",
            remedy="install the project's dependencies: pip install -e '.[dev]'",
        ) from None


@memoize
def _code_version(framework: RungName) -> str:
    digest = hashlib.sha256()
    for source in (*SOURCES, *(EQUATIONS if framework is RungName.CELLS else ())):
        digest.update((PACKAGE / source.format(WORKERS[framework])).read_bytes())
    return digest.hexdigest()
