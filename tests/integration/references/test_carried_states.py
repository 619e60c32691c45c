"""A model that carries its state in an input and an output of its own names, with its Keras model:
every rung feeds it back, from zero, and the samples need no array for it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.metrics import compare
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.drift.long_sequence import long_sequence
from tflm_hil.errors import ReferenceFailed
from tflm_hil.measure.time_steps import steps_of_variant
from tflm_hil.models.convert.convert import convert
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import compute
from tflm_hil.references.memory import with_memory
from tflm_hil.vocabulary import StepBasis
from tflm_hil.worker import run_worker

MANIFEST = """\
schema = 1
name = "carried"
title = "A GRU that its caller remembers for"
task = "regression"

[keras]
file = "model.keras"
sha256 = "{keras}"
{keras_states}

[samples]
file = "samples.npz"
sha256 = "{samples}"
inputs = "frame"

[[variant]]
name = "int8"
file = "{file}"
sha256 = "{model}"
export = "my own"
dtype = "int8"
{states}
limits = []
"""
STEPS = 12
CONVERTED, EXPORTED = "int8.tflite", "exported.tflite"  # by hand, and by `hil convert`


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("carried")
    run_worker("tests.support.carried_state_worker", {"directory": str(directory)})
    frames = np.random.default_rng(4).uniform(-0.9, 0.9, (5, STEPS, 3)).astype(np.float32)
    np.savez(directory / "samples.npz", frame=frames)
    random = np.random.default_rng(5)
    real = {
        "frame": random.uniform(-1, 1, (200, 1, 3)).astype(np.float32),
        "gru_prev_state": random.uniform(-0.9, 0.9, (200, 6)).astype(np.float32),
    }
    done = convert(directory / "model.keras", export="unrolled", dtype="int8", calibration=real)
    (directory / EXPORTED).write_bytes(done.content)
    return directory


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one test has computed, the next finds."""
    return tmp_path_factory.mktemp("cache")


def variant(
    folder: Path, *, file: str = CONVERTED, states: str = "", keras_states: str = ""
) -> Variant:
    names = {"keras": "model.keras", "samples": "samples.npz", "model": file}
    digests = {
        key: hashlib.sha256((folder / name).read_bytes()).hexdigest() for key, name in names.items()
    }
    text = MANIFEST.format(**digests, file=file, states=states, keras_states=keras_states)
    (folder / "manifest.toml").write_text(text)
    (found,) = load_model(folder).variants
    return found


@pytest.mark.parametrize("file", [CONVERTED, EXPORTED])
def test_every_rung_feeds_the_state_back(folder: Path, cache: Path, file: str) -> None:
    recognised = variant(folder, file=file)
    (pair,) = recognised.state_pairs()
    assert pair.name == "gru_prev_state"
    assert steps_of_variant(recognised).basis is StepBasis.STATE
    rungs = aligned(compute(recognised, cache_directory=cache).rungs)
    assert rungs["keras"].values.shape == (5, STEPS, 3)
    first = compare(rungs["tflite"], rungs["keras"])
    assert first.max_abs is not None
    assert first.max_abs < 16 * rungs["tflite"].scale, "quantisation, and no more"
    assert compare(rungs["tflm"], rungs["tflite"]).max_lsb in range(4)
    # every step matters: from a state of zero each, outputs would be others
    states = compute(recognised, cache_directory=cache).rungs_of(1)
    assert states["keras"].values.shape == (5, STEPS, 6)
    assert np.abs(states["keras"].values[:, -1] - states["tflm"].values[:, -1]).max() < 0.2


def test_declared_by_number_is_the_same(folder: Path, cache: Path) -> None:
    (pair,) = variant(folder).state_pairs()
    row = f"states = [{{ input = {pair.input}, output = {pair.output} }}]"
    keras = 'states = [{ input = "gru_prev_state", output = 1 }]'
    both = [
        compute(item, cache_directory=cache, frameworks=("keras", "tflm")).rungs
        for item in (
            variant(folder, states=row, keras_states=keras),
            variant(folder),
        )
    ]
    for name in both[0]:
        assert np.array_equal(both[0][name].stored, both[1][name].stored)


def test_state_that_keras_does_not_have_is_told_with_what_to_write(
    folder: Path, cache: Path
) -> None:
    wrong = variant(folder, keras_states='states = [{ input = "hidden", output = 1 }]')
    with pytest.raises(ReferenceFailed, match="frame, gru_prev_state") as caught:
        compute(wrong, cache_directory=cache, frameworks=("keras",))
    assert "[keras] states" in caught.value.remedy


def test_over_a_long_sequence_keras_remembers_too(folder: Path, cache: Path) -> None:
    found = variant(folder)
    sequence = long_sequence(found, 40).inputs
    remembered = with_memory({found.id: (found, sequence)}, cache_directory=cache)[found.id]
    assert isinstance(remembered, RungOutputs), remembered
    once = Samples(sequence[np.newaxis, :STEPS])
    whole = compute(found, once, cache_directory=cache, frameworks=("keras",)).rungs["keras"]
    start = remembered.values.reshape(40, -1)[:STEPS]
    assert np.array_equal(start, whole.values.reshape(STEPS, -1))
