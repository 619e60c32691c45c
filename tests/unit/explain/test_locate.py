"""How far a device may be from desktop TFLM before an operator of it is to blame."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tflm_hil.comparison.descent import FLOAT_BOUND
from tflm_hil.explain.locate import float_bound
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.paths import REPOSITORY
from tflm_hil.report.judgement import Limit
from tflm_hil.vocabulary import Engine, Measure, RungName


@pytest.fixture(scope="module")
def variant() -> Variant:
    """A shipped one, of which only the limits count here."""
    (first, *_) = load_model(REPOSITORY / "fixtures" / "models" / "digits_lstm").variants
    return first


def limit(maximum: float, engine: Engine | None, rung: RungName = RungName.DEVICE) -> Limit:
    return Limit(rung, Measure.MAX_ABS, maximum=maximum, engine=engine)


def test_the_bound_is_that_of_the_engine_that_runs(variant: Variant) -> None:
    limits = (
        limit(1e-7, Engine.TFLM),
        limit(1e-3, Engine.BUILTIN),
        limit(1e-9, None, RungName.TFLM),
    )
    limited = replace(variant, limits=limits)
    assert float_bound(limited, Engine.BUILTIN) == 1e-3
    assert float_bound(limited, Engine.TFLM) == 1e-7


def test_the_closest_of_several_counts_and_without_any_there_is_one(variant: Variant) -> None:
    both = replace(variant, limits=(limit(1e-3, None), limit(1e-4, Engine.BUILTIN)))
    assert float_bound(both, Engine.BUILTIN) == 1e-4
    assert float_bound(replace(variant, limits=()), Engine.BUILTIN) == FLOAT_BOUND
