"""Why a verdict failed: what the device shows, and which known mistake explains the difference."""

from __future__ import annotations

from collections.abc import Iterable

from tflm_hil.bench.bench import Bench
from tflm_hil.explain.descend import Descent, name_operator
from tflm_hil.explain.name_cause import name_cause
from tflm_hil.measure.measure import Measured
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references import References
from tflm_hil.report.causes import Explanation
from tflm_hil.vocabulary import RungName


def explain(
    measured: Measured,
    entered: str,
    *,
    bench: Bench,
    references: References,
    others: Iterable[Variant] = (),
) -> Explanation:
    """Look for the operator and for the mistake of a variant whose error enters at `entered`.

    `others` are the variants of the run: their Keras models are read along with this one's.
    Raises LinkError, DeviceError, BoardError; the verdict is not touched by them.
    """
    lines: list[str] = []
    descent: Descent | None = None
    if entered == RungName.DEVICE:
        text, descent = name_operator(measured, bench, references)
        lines.append(text)
    cause = name_cause(measured, references, others, descent)
    operator = descent is not None and descent.culprit is not None
    return Explanation(
        tuple(line for line in (*lines, cause) if line),
        named=operator or cause.startswith("Cause: "),
    )
