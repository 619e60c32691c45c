"""A model of two inputs from a manifest: Keras, TFLite and desktop TFLM are fed alike."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison.metrics import compare
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.references import compute
from tflm_hil.worker import run_worker

MANIFEST = """\
schema = 1
name = "pair"
title = "Two inputs, two outputs"
task = "classification"

[keras]
file = "model.keras"
sha256 = "{keras}"

[samples]
file = "samples.npz"
sha256 = "{samples}"
inputs = ["signal", "context"]

[[variant]]
name = "uint8"
file = "int8.tflite"
sha256 = "{model}"
export = "unrolled"
dtype = "uint8"
limits = []
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Variant:
    directory = tmp_path_factory.mktemp("pair")
    run_worker("tests.support.two_inputs_worker", {"directory": str(directory)})
    random = np.random.default_rng(4)
    np.savez(
        directory / "samples.npz",
        signal=random.normal(size=(20, 8, 3)).astype(np.float32),
        context=random.normal(size=(20, 2)).astype(np.float32),
    )
    names = {"keras": "model.keras", "samples": "samples.npz", "model": "int8.tflite"}
    digests = {
        key: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for key, name in names.items()
    }
    (directory / "manifest.toml").write_text(MANIFEST.format(**digests))
    (variant,) = load_model(directory).variants
    return variant


def test_each_input_reaches_its_own_tensor(pair: Variant, tmp_path: Path) -> None:
    """A swap would be far beyond what quantisation costs."""
    samples = pair.load_samples()
    assert samples.inputs.shape == (20, 1, 26)
    assert samples.for_keras is not None
    assert not np.array_equal(samples.inputs.reshape(20, 26), samples.for_keras), (
        "the converter is expected to order the inputs otherwise than Keras"
    )
    references = compute(pair, cache_directory=tmp_path)
    assert {"keras", "tflite", "tflm"} <= references.rungs.keys()
    for output in range(2):
        rungs = references.rungs_of(output)
        assert compare(rungs["tflm"], rungs["tflite"]).max_lsb in (0, 1, 2)
    order = np.argsort([references.rungs_of(i)["tflm"].values.shape[-1] for i in range(2)])[::-1]
    kind = references.rungs_of(int(order[0]))["tflm"].values
    assert np.abs(kind - references.rungs["keras"].values).max() < 0.1
