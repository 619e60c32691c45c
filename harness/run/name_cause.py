"""When a verdict fails: which of the known mistakes explains the difference.

The difference between the failing rung and the one before it is added to what the cell equations
give in double precision, so that quantisation, which the rungs before have already, is no part of
what has to be explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from harness.comparison import RungOutputs
from harness.comparison.align import aligned
from harness.diagnosis.case import forward
from harness.diagnosis.keras_case import NotUnderstood, keras_case
from harness.diagnosis.rank import SEQUENCES, diagnose
from harness.errors import ReferenceFailed
from harness.run.measure import Measured

EQUATIONS_HOLD = 1e-3
"""As close must the equations be to Keras, or something of the network is not understood."""


def name_cause(measured: Measured, rungs: Mapping[str, RungOutputs]) -> Measured:
    """`measured`, its sentence with the diagnosis if the verdict is a difference of two rungs.

    `rungs` are the references; the device's outputs are those of `measured`.
    """
    text = _cause(measured, rungs)
    if not text:
        return measured
    record = replace(measured.record, sentence=f"{measured.record.sentence} {text}")
    return replace(measured, record=record)


def _cause(measured: Measured, rungs: Mapping[str, RungOutputs]) -> str:
    variant, failing = measured.variant, measured.ladder.verdict_rung
    if variant.keras is None or "keras" not in rungs or failing in ("", "cells", "keras"):
        return ""
    against = measured.ladder.rung(failing).against
    device = RungOutputs(measured.outputs, per_step=measured.outputs.ndim > 2)
    ladder = aligned({**rungs, "device": device})
    outputs = {name: rung.values for name, rung in ladder.items()}
    here = slice(0, SEQUENCES)
    inputs = variant.load_samples().inputs[here]
    try:
        custom = variant.keras.custom
        case = keras_case(variant.keras.path, inputs, custom.path if custom else None)
    except NotUnderstood as why:
        return f"No mistake was looked for: {why}, which the cell equations do not cover."
    except ReferenceFailed as error:
        return f"No mistake was looked for: {error.what}"
    expected = forward(case)
    keras = outputs["keras"][here]
    if expected.shape != keras.shape or np.abs(expected - keras).max() > EQUATIONS_HOLD:
        return "No mistake was looked for: the cell equations do not give what Keras gives."
    moved = outputs[failing][here].astype(np.float64) - outputs[against][here]
    lsb = rungs[failing].scale if failing in rungs else rungs["tflm"].scale
    found = diagnose(case, expected + moved, lsb=lsb)
    return found.sentence
