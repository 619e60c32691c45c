"""The cells rung of real Keras models: equal to Keras where it exists, named where it does not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.zoo.manifest import Artefact, KerasFile, Variant
from tflm_hil.models.zoo.samples import SampleFile, Samples
from tflm_hil.references import References, compute_many
from tflm_hil.references.equations.obstacles import Obstacle
from tflm_hil.vocabulary import Task
from tflm_hil.worker import run_worker

SHAPE = (20, 12, 3)
OWN = Path(__file__).parents[2] / "support" / "own_cells.py"

COVERED = (
    "rnn", "gru_before", "gru_sequence", "stack", "bidirectional", "backward", "any_cell",
    "convolution", "masked", "masked_halves", "masked_both", "echo", "nested", "normalised",
    "given_state",
)  # fmt: skip
# stateful: two calls a sequence, the memory kept between them
REMEMBERING = ("stateful", "stateful_stack")
OWN_COVERED = ("own_cell", "own_activation")
# what stands in the way, and a word of the sentence that says it
NOT_COVERED = {
    "autoregressive": (Obstacle.INPUT_MAKES_SEED, "first input of decoder"),
    "branch": (Obstacle.JOINS, "takes more than the output of one layer"),
    "two_outputs": (Obstacle.SEVERAL_ENDS, "several inputs or outputs"),
    "masked_mean": (Obstacle.MASKED, "layer mean takes a masked sequence"),
    "nested_cells": (
        Obstacle.SAME_WEIGHT_NAME,
        "layer stacked_rnn_cells has two weights of the name kernel",
    ),
}
KERAS = 2e-6
# Rounding in float32 is a share of the numbers. Nothing bounds the relu cell of this network, whose
# outputs reach 7.0: measured 2.9e-6, which is 4.1e-7 of them.
UNBOUNDED = ("convolution",)


def variant(path: Path, custom: Path | None) -> Variant:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    own = None if custom is None else Artefact(custom, "", 0)
    return Variant(
        id=path.stem, model=path.stem, name=path.stem, path=path, sha256=digest, size_bytes=0,
        export="", dtype="float32", task=Task.REGRESSION, limits=(), samples=SampleFile(path, ""),
        keras=KerasFile(path, digest, 0, own),
    )  # fmt: skip


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[str, References]:
    """Keras and the equations of all models, from one worker."""
    directory = tmp_path_factory.mktemp("keras")
    plain = [*COVERED, *NOT_COVERED]
    names = [*plain, *REMEMBERING]
    run_worker("tests.support.keras_models", {"names": names, "directory": str(directory)})
    run_worker("tests.support.own_models", {"directory": str(directory)})
    variants = [variant(directory / f"{name}.keras", None) for name in plain]
    variants += [variant(directory / f"{name}.keras", OWN) for name in OWN_COVERED]
    inputs = np.random.default_rng(8).normal(size=SHAPE).astype(np.float32)
    inputs[:, -3:] = np.where(inputs[:, -3:, :1] > 0, -9.0, inputs[:, -3:])
    longer = np.concatenate([inputs, inputs[::-1]], axis=1)
    computed: dict[str, References | ReferenceFailed] = {}
    for chosen, taken in (
        (variants, inputs),
        ([variant(directory / f"{name}.keras", None) for name in REMEMBERING], longer),
    ):
        computed |= compute_many(
            chosen, Samples(taken), frameworks=("cells", "keras"), cache_directory=directory
        )
    return {name: item for name, item in computed.items() if isinstance(item, References)}


def difference(references: References) -> float:
    rungs = references.rungs
    assert list(rungs) == ["cells", "keras"]
    ours, theirs = (rungs[name].values.astype(np.float64) for name in ("cells", "keras"))
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max())


@pytest.mark.parametrize("name", [*COVERED, *OWN_COVERED, *REMEMBERING])
def test_equations_give_what_keras_gives(references: dict[str, References], name: str) -> None:
    size = np.abs(references[name].rungs["keras"].values).max() if name in UNBOUNDED else 1.0
    assert difference(references[name]) < KERAS * size


def spread(values: NDArray[np.float32]) -> float:
    return float(np.ptp(values))


def test_the_models_compute_something(references: dict[str, References]) -> None:
    for name in (*COVERED, *OWN_COVERED):
        assert spread(references[name].rungs["keras"].values) > 0.1, name


@pytest.mark.parametrize("name", NOT_COVERED)
def test_a_model_without_equations_has_no_such_rung_and_says_why(
    references: dict[str, References], name: str
) -> None:
    assert list(references[name].rungs) == ["keras"]
    obstacle, says = NOT_COVERED[name]
    said = references[name].circumstances["cells"]
    assert said["obstacle"] == obstacle.value
    assert says in said["absent"]
