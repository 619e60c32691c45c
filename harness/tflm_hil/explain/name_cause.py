"""When a verdict fails: which of the known mistakes explains the difference.

The difference between the failing rung and the one before it is added to what the cell equations
give in double precision, so that quantisation, which the rungs before have already, is no part of
what has to be explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison import RungOutputs
from tflm_hil.comparison.align import aligned
from tflm_hil.errors import ReferenceFailed
from tflm_hil.explain.case import Case, forward
from tflm_hil.explain.descend import Descent, Origin
from tflm_hil.explain.evidence import DRIFT, LINTS, evidence
from tflm_hil.explain.keras_case import NotUnderstood, keras_case
from tflm_hil.explain.rank import (
    SEQUENCES,
    Diagnosis,
    Known,
    diagnose,
    not_deterministic,
    overlap,
    rounding,
)
from tflm_hil.explain.saturation import saturated_tensors
from tflm_hil.explain.suspects import SUSPECTS
from tflm_hil.measure.measure import Measured
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references import References
from tflm_hil.references.equations.described import NotExpressible
from tflm_hil.references.weights import Source
from tflm_hil.vocabulary import RungName

SUSPECTED: dict[Origin, frozenset[int]] = {
    "input": frozenset({11, 12, 13, 14, 15, 16}),
    "feedback": frozenset({2, 3, 5, 6, 21}),
    "leak": frozenset({1, 3, 21}),
}
"""Where the descent tells where the error comes from: the mistakes that can be made there."""

ALL = frozenset(suspect.number for suspect in SUSPECTS)
FED_BACK = 5  # may also happen between Invokes

EQUATIONS_HOLD = 1e-3
"""As close must the equations be to Keras, or something of the network is not understood."""


def name_cause(
    measured: Measured,
    references: References,
    others: Iterable[Variant] = (),
    descent: Descent | None = None,
) -> str:
    """The diagnosis if the verdict is a difference of two rungs, else "".

    `others` are the variants of the run: their Keras models are read along with this one's.
    `descent` is what was found on the device.
    """
    return _cause(measured, references, others, descent)


def _cause(
    measured: Measured,
    references: References,
    others: Iterable[Variant],
    descent: Descent | None,
) -> str:
    origin: Origin = "unknown" if descent is None else descent.origin
    if origin == "overlap":
        return overlap().sentence
    found = _diagnosed(measured, references, others, origin)
    if isinstance(found, Diagnosis) and found.best is not None:
        return found.sentence
    if descent is not None and descent.culprit is not None:
        culprit = descent.culprit
        if origin == "rounding":
            return rounding(culprit.operator_name, culprit.tensor.max_abs).sentence
        if origin == "operator":
            return "No known mistake of a network does this: look into that operator."
    text = found.sentence if isinstance(found, Diagnosis) else found
    return f"{text} {saturated_tensors(measured)}".strip()


def _diagnosed(
    measured: Measured, references: References, others: Iterable[Variant], origin: Origin
) -> Diagnosis | str:
    """What the equations say, or why they are not asked."""
    variant, failing = measured.variant, measured.ladder.entered
    rungs = references.rungs
    if variant.keras is None or "keras" not in rungs or failing in (None, "cells", "keras"):
        return ""
    against = measured.ladder.rung(failing).against
    assert against is not None
    again = references.differs_again(against, failing)
    if again:
        return not_deterministic(again)
    ladder = aligned({**rungs, RungName.DEVICE: measured.outputs})
    inputs = variant.load_samples().inputs[:SEQUENCES]
    keras, before, after = (
        ladder[name].values[:SEQUENCES].astype(np.float64) for name in ("keras", against, failing)
    )
    known = known_of(variant, inputs, failing, ladder, against, origin)
    try:
        case = case_of_variant(variant, inputs, others)
        expected = forward(case)
        if expected.shape != keras.shape:
            raise NotUnderstood(f"its outputs have shape {keras.shape[1:]}")
        if np.abs(expected - keras).max() > EQUATIONS_HOLD:
            raise NotUnderstood("the cell equations do not give what Keras gives")
    except (NotUnderstood, NotExpressible) as why:
        return f"Cause not looked for: {why}."
    except ReferenceFailed as error:
        return f"Cause not looked for: {error.what}."
    return diagnose(case, expected + after - before, known)


def known_of(
    variant: Variant,
    inputs: NDArray[Any],
    failing: str,
    ladder: Mapping[str, RungOutputs],
    against: str,
    origin: Origin = "unknown",
) -> Known:
    """What is known besides the outputs of two rungs."""
    found = evidence(variant, inputs, ladder[failing], ladder[against])
    suspects = SUSPECTED.get(origin, ALL)
    if failing != "device":
        # what is in the file, a lint sees there
        suspects -= frozenset(LINTS.values()) - found.keys() - {FED_BACK}
    if ladder["tflm" if failing == "device" else failing].scale:
        # rounding imitates it; that the error grows is its sign
        suspects -= {DRIFT} - found.keys()
    return Known(
        lsb=ladder["tflm" if failing == "device" else failing].scale,
        runtimes=against != "keras",
        suspects=suspects,
        evidence=found,
    )


def case_of_variant(variant: Variant, inputs: NDArray[Any], others: Iterable[Variant]) -> Case:
    """The case of a variant with a Keras model; `others` as in `name_cause`."""
    source = _source(variant)
    assert source is not None
    along = [item for item in map(_source, others) if item is not None]
    return keras_case(source, inputs, along)


def _source(variant: Variant) -> Source | None:
    keras = variant.keras
    if keras is None:
        return None
    return keras.path, keras.custom.path if keras.custom else None
