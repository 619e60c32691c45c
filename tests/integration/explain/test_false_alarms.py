"""Quantisation alone is not a mistake: forced to explain it, the diagnosis names none.

One integer model of every entry of the zoo is taken as if it had missed its limit at TFLite. What
differs from Keras there is rounding to 8 or 16 bits, and nothing else.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison.align import aligned
from tflm_hil.errors import ReferenceFailed
from tflm_hil.explain.case import forward
from tflm_hil.explain.diagnose import EQUATIONS_HOLD, case_of_variant, known_of
from tflm_hil.explain.rank import diagnose
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.references import References, compute_many
from tflm_hil.references.equations.obstacles import NotExpressible
from tflm_hil.vocabulary import RungName

ROOT = Path(__file__).parents[3] / "fixtures" / "models"
SEQUENCES = 24


def one_of_each_entry() -> dict[str, Variant]:
    """The first integer variant of every entry that has a Keras model and samples here."""
    found: dict[str, Variant] = {}
    for model in load_zoo(ROOT):
        for variant in model.variants:
            if variant.dtype != "float32" and variant.keras and not variant.left_out:
                found.setdefault(model.name, variant)
    return found


VARIANTS = one_of_each_entry()


@cache
def references() -> dict[str, References | ReferenceFailed]:
    """Keras and TFLite on the first sequences, together: each is started once."""
    return compute_many(VARIANTS.values(), frameworks=("keras", "tflite"), first=SEQUENCES)


@pytest.mark.parametrize("name", VARIANTS)
def test_quantisation_is_not_taken_for_a_mistake(name: str) -> None:
    variant = VARIANTS[name]
    found = references()[variant.id]
    assert isinstance(found, References), found
    ladder = aligned(found.rungs)
    keras = ladder["keras"].values.astype(np.float64)
    inputs = variant.load_samples().inputs[:SEQUENCES]
    try:
        case = case_of_variant(variant, inputs, VARIANTS.values())
        expected = forward(case)
    except NotExpressible as why:
        pytest.skip(f"not covered by the equations: {why}")
    if expected.shape != keras.shape or np.abs(expected - keras).max() > EQUATIONS_HOLD:
        pytest.skip("the equations do not give what Keras gives, and say so")
    known = known_of(variant, inputs, RungName.TFLITE, ladder, RungName.KERAS)
    diagnosis = diagnose(case, expected + ladder["tflite"].values - keras, known)
    assert diagnosis.kind is None, diagnosis.cause
