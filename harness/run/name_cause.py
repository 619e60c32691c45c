"""When a verdict fails: which of the known mistakes explains the difference.

The difference between the failing rung and the one before it is added to what the cell equations
give in double precision, so that quantisation, which the rungs before have already, is no part of
what has to be explained.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from harness.comparison import RungOutputs
from harness.comparison.align import aligned
from harness.diagnosis.case import Case, forward
from harness.diagnosis.keras_case import NotUnderstood, keras_case
from harness.diagnosis.rank import SEQUENCES, Known, diagnose, not_deterministic
from harness.errors import ReferenceFailed
from harness.models.manifest import Variant
from harness.references import References
from harness.references.described import NotExpressible
from harness.references.weights import Source
from harness.run.evidence import evidence
from harness.run.measure import Measured

EQUATIONS_HOLD = 1e-3
"""As close must the equations be to Keras, or something of the network is not understood."""


def name_cause(
    measured: Measured, references: References, others: Iterable[Variant] = ()
) -> Measured:
    """`measured`, its sentence with the diagnosis if the verdict is a difference of two rungs.

    `others` are the variants of the run: their Keras models are read along with this one's.
    """
    text = _cause(measured, references, others)
    if not text:
        return measured
    record = replace(measured.record, sentence=f"{measured.record.sentence} {text}")
    return replace(measured, record=record)


def _cause(measured: Measured, references: References, others: Iterable[Variant]) -> str:
    variant, failing = measured.variant, measured.ladder.verdict_rung
    rungs = references.rungs
    if variant.keras is None or "keras" not in rungs or failing in ("", "cells", "keras"):
        return ""
    against = measured.ladder.rung(failing).against
    device = RungOutputs(measured.outputs, per_step=measured.outputs.ndim > 2)
    ladder = aligned({**rungs, "device": device})
    inputs = variant.load_samples().inputs[:SEQUENCES]
    keras, before, after = (
        ladder[name].values[:SEQUENCES].astype(np.float64) for name in ("keras", against, failing)
    )
    known = Known(
        lsb=rungs[failing].scale if failing in rungs else rungs["tflm"].scale,
        differs_again=references.differs_again(against, failing),
        evidence=evidence(variant, inputs, ladder[failing], ladder[against]),
    )
    if known.differs_again:
        return not_deterministic(known.differs_again).sentence
    try:
        case = _case(variant, inputs, others)
        expected = forward(case)
        if expected.shape != keras.shape:
            raise NotUnderstood(f"its outputs have shape {keras.shape[1:]}")
        if np.abs(expected - keras).max() > EQUATIONS_HOLD:
            raise NotUnderstood("the cell equations do not give what Keras gives")
    except (NotUnderstood, NotExpressible) as why:
        return f"Cause not looked for: {why}."
    except ReferenceFailed as error:
        return f"Cause not looked for: {error.what}."
    return diagnose(case, expected + after - before, known).sentence


def _case(variant: Variant, inputs: np.ndarray, others: Iterable[Variant]) -> Case:
    source = _source(variant)
    assert source is not None
    along = [item for item in map(_source, others) if item is not None]
    return keras_case(source, inputs, along)


def _source(variant: Variant) -> Source | None:
    keras = variant.keras
    if keras is None:
        return None
    return keras.path, keras.custom.path if keras.custom else None
