"""Readers of a user's files on damaged ones: they read, or refuse with an error of ours.

A few here; `HIL_FUZZ=10000 pytest tests/unit/models/test_damaged_files.py -s` for many.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from tflm_hil.models.convert.samples import KerasInput, SamplesError, bind
from tflm_hil.models.sample_arrays import read_arrays
from tflm_hil.models.tflite.arena import estimate
from tflm_hil.models.tflite.c_array import c_array
from tflm_hil.models.tflite.describe import describe
from tflm_hil.models.tflite.fix_batch import fix_batch
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.layout import input_names, layout_of
from tflm_hil.models.tflite.lints import lint
from tflm_hil.models.tflite.output_order import order_outputs
from tflm_hil.models.tflite.states import state_pairs, suspected_pairs, tie_states, untie_states
from tflm_hil.models.tflite.time_axis import steps_of
from tflm_hil.models.zoo.given import given_variant
from tflm_hil.vocabulary import Engine

from tests.support.fuzzing import Tally, count
from tests.support.mutations import mutated, mutations
from tests.unit.models.tflite.test_fix_batch import chain

ZOO = Path(__file__).parents[3] / "fixtures" / "models"
MODELS = {
    name: (ZOO / name).read_bytes()
    for name in (
        "toy_simple_rnn/int8-step.tflite",
        "toy_hard_limiter/float32-step.tflite",
        "stateful_lstm/int8-fused.tflite",
        "elman/int8-shift.tflite",
        "one_to_one/float32-unrolled.tflite",
    )
}


def arrays(write: Callable[..., None], **named: np.ndarray) -> bytes:
    stream = io.BytesIO()
    write(stream, *named.values()) if write is np.save else write(stream, **named)
    return stream.getvalue()


WAVE = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
IDS = np.arange(20, dtype=np.int32).reshape(5, 4)
SAMPLES = {
    "npy": arrays(np.save, wave=WAVE),
    "fortran npy": arrays(np.save, wave=np.asfortranarray(WAVE.astype(np.float64))),
    "npz": arrays(np.savez, wave=WAVE, ids=IDS),
    "compressed npz": arrays(np.savez_compressed, wave=WAVE, ids=IDS, labels=np.arange(5)),
}
INPUTS = (KerasInput(("ids",), (4,), "int32"), KerasInput(("wave",), (4, 3), "float32"))


def tried(contents: dict[str, bytes], use: Callable[[bytes], object], label: str) -> Tally:
    """What became of the damaged copies; any error that is not ours fails."""
    tally = Tally(label, SamplesError)
    for name, content in mutations(contents, count()):
        tally.tried(partial(use, content), name)
    tally.check()
    return tally


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_sample_files(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "samples"

    def use(content: bytes) -> None:
        path.write_bytes(content)
        found = dict(read_arrays(path))
        bind(found, INPUTS if len(found) > 1 else INPUTS[1:], calibration=False)

    tally = tried(
        {name: content for name, content in SAMPLES.items() if kind in name},
        use,
        f"samples, {kind}",
    )
    assert len(tally.found) > 1


def inspected(content: bytes) -> None:
    model = inspect(content)
    for engine in Engine:
        findings = lint(model, engine=engine)
        estimate(model, engine)
    steps_of(content, model)
    shown = describe(model, findings, name="m", tensors=True)
    if len(content) % 8 == 0:  # most of the time
        Console(file=io.StringIO()).print(shown)
    layout_of(model), input_names(model), state_pairs(model), suspected_pairs(model)


@pytest.mark.parametrize(
    ("label", "use"),
    [
        ("inspect, lint, arena, describe, layout, states", inspected),
        ("order of outputs, tie and untie states", lambda content: (
            order_outputs(content), tie_states(content), untie_states(content))),
        ("C array", lambda content: (inspect(content), c_array(content, "m"))),
    ],
)  # fmt: skip
def test_models(label: str, use: Callable[[bytes], object]) -> None:
    tried(MODELS, use, label)


def test_models_that_are_given_to_a_run(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"

    def use(content: bytes) -> None:
        path.write_bytes(content)
        given_variant(path, "m", None).load_samples()

    tried(MODELS, use, "hil run --hil-model")


def test_models_with_an_open_batch() -> None:
    opened = {"open": chain("SHAPE").content(), "where": chain("WHERE").content()}
    tried(opened, fix_batch, "fix the batch")


def test_damage_is_the_same_for_a_seed() -> None:
    content = bytes(range(200))
    assert mutated(content, 7) == mutated(content, 7)
    assert len({mutated(content, seed) for seed in range(50)}) > 40
