"""When a verdict fails: which of the known mistakes explains the difference of two rungs.

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
from tflm_hil.explain.evidence import LINTS, evidence
from tflm_hil.explain.keras_case import keras_case
from tflm_hil.explain.rank import SEQUENCES, Known, diagnose, reference_varies
from tflm_hil.explain.suspects.suspects import SUSPECTS
from tflm_hil.measure.measure import Measured
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references import References
from tflm_hil.references.equations.obstacles import NotExpressible
from tflm_hil.references.weights import Source
from tflm_hil.report.causes import Cause, NotExamined, Origin, Unexamined
from tflm_hil.report.kinds import CauseKind
from tflm_hil.vocabulary import RungName

ALL = frozenset(SUSPECTS)

SUSPECTED: Mapping[Origin, frozenset[CauseKind]] = {
    Origin.INPUT: frozenset(
        {
            CauseKind.CALIBRATION_RANGE,
            CauseKind.NORMALISATION,
            CauseKind.FEATURE_ORDER,
            CauseKind.TIME_SHIFT,
            CauseKind.AXES_EXCHANGED,
            CauseKind.MASK_IGNORED,
        }
    ),
    Origin.FEEDBACK: frozenset(
        {
            CauseKind.STATE_LOST,
            CauseKind.INITIAL_STATE_IGNORED,
            CauseKind.STATE_SCALE,
            CauseKind.STATES_SWAPPED,
            CauseKind.MEMORY_OVERLAP,
        }
    ),
    Origin.LEAK: frozenset(
        {CauseKind.STATE_LEAKS, CauseKind.INITIAL_STATE_IGNORED, CauseKind.MEMORY_OVERLAP}
    ),
}
"""Where the descent tells where the error comes from: the mistakes that can be made there."""

IN_FILE = frozenset(LINTS.values()) - {CauseKind.STATE_SCALE}
"""Mistakes that a lint sees where they are in the file. A state may also be read on another scale
between Invokes."""

EQUATIONS_HOLD = 1e-3
"""As close must the equations be to Keras, or something of the network is not understood."""


def diagnosed(
    measured: Measured,
    entered: RungName,
    references: References,
    others: Iterable[Variant],
    origin: Origin = Origin.UNKNOWN,
) -> Cause | NotExamined:
    """What the equations say of the difference at the rung `entered`, or why they are not asked.

    `others` are variants whose Keras models are read along with this one's.
    """
    variant, rungs = measured.variant, references.rungs
    if variant.keras is None or RungName.KERAS not in rungs:
        return NotExamined(Unexamined.NO_KERAS_MODEL)
    against = measured.ladder.rung(entered).against
    assert against is not None
    apart = references.differs_again(against, entered)
    if apart:
        return reference_varies(apart)
    ladder = aligned({**rungs, RungName.DEVICE: measured.outputs})
    inputs = variant.load_samples().inputs[:SEQUENCES]
    keras, before, after = (
        ladder[name].values[:SEQUENCES].astype(np.float64)
        for name in (RungName.KERAS, against, entered)
    )
    known = known_of(variant, inputs, entered, ladder, against, origin)
    try:
        case = case_of_variant(variant, inputs, others)
        expected = forward(case)
    except NotExpressible as why:
        return NotExamined(Unexamined.NOT_COVERED, str(why))
    except ReferenceFailed as error:
        return NotExamined(Unexamined.REFERENCE_FAILED, error.what)
    if expected.shape != keras.shape:
        return NotExamined(Unexamined.OTHER_SHAPE, str(keras.shape[1:]))
    if np.abs(expected - keras).max() > EQUATIONS_HOLD:
        return NotExamined(Unexamined.EQUATIONS_DISAGREE)
    diagnosis = diagnose(case, expected + after - before, known)
    if diagnosis.cause is not None:
        return diagnosis.cause
    assert diagnosis.unexamined is not None
    return NotExamined(diagnosis.unexamined)


def known_of(
    variant: Variant,
    inputs: NDArray[Any],
    entered: RungName,
    ladder: Mapping[str, RungOutputs],
    against: RungName,
    origin: Origin = Origin.UNKNOWN,
) -> Known:
    """What is known besides the outputs of two rungs."""
    shown = evidence(variant, inputs, ladder[entered], ladder[against])
    lsb = ladder[RungName.TFLM if entered is RungName.DEVICE else entered].scale
    suspects = SUSPECTED.get(origin, ALL)
    if entered is not RungName.DEVICE:
        suspects -= IN_FILE - shown.keys()
    if lsb:
        # rounding imitates it; that the error grows is its sign
        suspects -= {CauseKind.ERROR_GROWS} - shown.keys()
    return Known(lsb=lsb, runtimes=against is not RungName.KERAS, suspects=suspects, evidence=shown)


def case_of_variant(variant: Variant, inputs: NDArray[Any], others: Iterable[Variant]) -> Case:
    """The case of a variant with a Keras model; `others` as in `diagnosed`."""
    source = _source(variant)
    assert source is not None
    along = [item for item in map(_source, others) if item is not None]
    return keras_case(source, inputs, along)


def _source(variant: Variant) -> Source | None:
    keras = variant.keras
    if keras is None:
        return None
    return keras.path, keras.custom.path if keras.custom else None
