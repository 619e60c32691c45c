"""Why a variant missed a limit.

    explanation = explain(measured, RungName.DEVICE, bench=bench, references=references,
                          others=variants, on_trouble=run.examine)
    explanation.causes[0].kind          # CauseKind.GATE_ORDER
    explanation.causes[0].site          # operator, tensor and step, if the device makes the error

Two questions, one after the other: *where* (the worst sequence run again on the board, if the
error enters there: `locate`) and *what* (which known mistake predicts the difference: `diagnose`).
The first answer narrows the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from tflm_hil.bench.bench import Bench
from tflm_hil.errors import HilError, ModelRejected, ReferenceFailed
from tflm_hil.explain.diagnose import diagnosed
from tflm_hil.explain.imitation import peculiar
from tflm_hil.explain.locate import locate
from tflm_hil.explain.not_finite import not_finite
from tflm_hil.explain.rank import operator_rounds, tensors_overlap
from tflm_hil.explain.saturation import saturated_tensors
from tflm_hil.measure.measure import Measured
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references.records import References
from tflm_hil.report.causes import (
    Cause,
    Culprit,
    Descent,
    Explanation,
    NotExamined,
    Origin,
    Unexamined,
)
from tflm_hil.report.kinds import CauseKind
from tflm_hil.vocabulary import RungName

COMPARED = (RungName.TFLITE, RungName.TFLM, RungName.DEVICE)
"""Rungs whose difference to the one before a known mistake may explain."""


def explain(
    measured: Measured,
    entered: RungName,
    *,
    bench: Bench,
    references: References,
    others: Iterable[Variant],
    on_trouble: Callable[[HilError], object],
) -> Explanation:
    """Why the error enters at the rung `entered`.

    `others` are variants of the run: their Keras models are read along with this one's. An error
    of the board on the way is given to `on_trouble`; the explanation goes on without the board.
    """
    spoilt = not_finite(measured, references)
    if spoilt is not None and entered is not RungName.DEVICE:
        return Explanation(causes=(spoilt,))
    descent, not_located = None, None
    if entered is RungName.DEVICE:
        descent, not_located = _located(measured, bench, references, on_trouble)
    if spoilt is not None:
        site = None if descent is None else descent.culprit
        found = replace(spoilt, site=site)
        missing = () if not_located is None else (not_located,)
        return Explanation(causes=(found,), descent=descent, not_examined=missing)
    if entered is RungName.DEVICE:
        causes = peculiar(measured, bench.hello.engine, references, descent)
        if causes:
            return Explanation(causes, descent)
    cause, not_diagnosed = _named(measured, entered, references, others, descent)
    known = cause is not None and (cause.known or cause.site is not None)
    return Explanation(
        causes=() if cause is None else (cause,),
        descent=descent,
        saturated=() if known else saturated_tensors(measured, entered),
        not_examined=tuple(item for item in (not_located, not_diagnosed) if item is not None),
    )


def _located(
    measured: Measured,
    bench: Bench,
    references: References,
    on_trouble: Callable[[HilError], object],
) -> tuple[Descent | None, NotExamined | None]:
    """Where on the device, or why that was not found out."""
    try:
        return locate(measured, bench, references), None
    except (ModelRejected, ReferenceFailed) as error:
        return None, NotExamined(Unexamined.OPERATOR_REFUSED, error.what)
    except HilError as error:
        on_trouble(error)
        return None, NotExamined(Unexamined.BOARD_TROUBLE)


def _named(
    measured: Measured,
    entered: RungName,
    references: References,
    others: Iterable[Variant],
    descent: Descent | None,
) -> tuple[Cause | None, NotExamined | None]:
    """The mistake, and why it was not looked for."""
    origin = Origin.UNKNOWN if descent is None else descent.origin
    site = None if descent is None else descent.culprit
    if origin is Origin.OVERLAP:
        return tensors_overlap(), None
    if entered not in COMPARED:
        return None, None
    failure = measured.ladder.failure
    if failure is None or failure.rung is not entered:
        return cause_at(site, origin, None), NotExamined(Unexamined.LADDER_IS_RIGHT)
    answer = diagnosed(measured, entered, references, others, origin)
    if isinstance(answer, Cause):
        return cause_at(site, origin, answer), None
    return cause_at(site, origin, None), answer


def cause_at(site: Culprit | None, origin: Origin, cause: Cause | None) -> Cause | None:
    """The cause with the operator where it acts; what the operator alone tells, if no known mistake
    was found.
    """
    if site is None:
        return cause
    if cause is not None and cause.known:
        return replace(cause, site=site)
    if origin is Origin.ROUNDING:
        return replace(operator_rounds(site.operator_name, site.tensor.max_abs), site=site)
    return replace(cause or Cause(CauseKind.UNKNOWN), site=site)
