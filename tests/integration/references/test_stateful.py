"""A stateful Keras model as a reference: in chunks, with memory and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison.align import aligned
from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.zoo.manifest import load_model
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import compute

MODEL = load_model(Path(__file__).parents[3] / "fixtures" / "models" / "stateful_lstm")
VARIANT = MODEL.variants[0]
SAMPLES = VARIANT.load_samples().first(3)


def test_chunks_are_one_sequence() -> None:
    """Our own equations run all 64 steps at once, Keras eight at a time."""
    rungs = aligned(compute(VARIANT, SAMPLES, frameworks=("cells", "keras")).rungs)
    assert rungs["keras"].values.shape == (3, 64, 1)
    assert np.max(np.abs(rungs["keras"].values - rungs["cells"].values)) <= 1e-6


def test_memory_from_sequence_to_sequence() -> None:
    """Three sequences in mode carry are one of three times the length."""
    joined = Samples(SAMPLES.inputs.reshape(1, -1, 1))
    carried = aligned(compute(VARIANT, SAMPLES, mode="carry", frameworks=("keras",)).rungs)
    whole = aligned(compute(VARIANT, joined, frameworks=("keras",)).rungs)
    fresh = aligned(compute(VARIANT, SAMPLES, frameworks=("keras",)).rungs)
    values = carried["keras"].values
    assert np.max(np.abs(values.reshape(1, -1, 1) - whole["keras"].values)) <= 1e-6
    assert np.max(np.abs(values[0] - fresh["keras"].values[0])) <= 1e-6
    assert np.max(np.abs(values[1] - fresh["keras"].values[1])) > 0.1


def test_a_model_that_remembers_nothing_has_no_such_rung() -> None:
    (variant, *_) = load_model(MODEL.directory.parent / "stacked_lstm").variants
    references = compute(
        variant, variant.load_samples().first(2), mode="carry", frameworks=("keras",)
    )
    assert not references.references


def test_a_sequence_that_is_no_multiple_of_a_chunk_is_named() -> None:
    odd = Samples(SAMPLES.inputs[:, :20])
    with pytest.raises(ReferenceFailed, match="20 steps are no multiple of the 8"):
        compute(VARIANT, odd, frameworks=("keras",))
