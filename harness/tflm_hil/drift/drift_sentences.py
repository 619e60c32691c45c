"""What a long run has shown, in sentences for terminal and report."""

from __future__ import annotations

from collections.abc import Mapping

from tflm_hil.comparison.chaos import Chaos
from tflm_hil.comparison.drift import Drift, Saturation, saturated
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.comparison.wording import short
from tflm_hil.drift.long_references import LongReferences
from tflm_hil.drift.teacher_forced import Forced


def sentences(
    references: LongReferences,
    steps: tuple[Drift, ...],
    from_keras: Drift | None,
    own: Chaos | None,
    forced: Forced | None,
    states: Mapping[str, RungOutputs],
) -> tuple[str, ...]:
    """Every rung against the one before, the device against Keras, then what explains them."""
    per = "step" if references.sequence.rows == 1 else "window"
    lines = [drift.sentence for drift in steps]
    if from_keras is not None:
        lines.append(from_keras.sentence)
    else:
        lines.append(f"Keras did not run the long sequence: {references.without_keras}.")
    if own is not None and own.sentence:
        lines.append(own.sentence)
    if forced is not None:
        lines.append(_forced(forced, per, integer=steps[-1].saturation is not None))
    lines += _saturation(steps[-1].saturation, states, per)
    sequence = references.sequence
    if sequence.rows > 1:
        lines = [
            f"{sequence.steps:,} steps are {sequence.invokes} windows of {sequence.rows}, the"
            " state carried from one to the next.",
            *lines,
        ]
    return tuple(lines)


def _forced(forced: Forced, per: str, *, integer: bool) -> str:
    start = f"{forced.steps:,} {per}s, each from desktop TFLM's own state"
    if integer and forced.differing:
        return f"{start}: {forced.differing:,} of {forced.values:,} values differ."
    if integer or not forced.max_abs:
        return f"{start}: no difference in {forced.values:,} values."
    return f"{start}: at most {short(forced.max_abs)}."


def _saturation(
    output: Saturation | None, states: Mapping[str, RungOutputs], per: str
) -> list[str]:
    """Output and states that reach an end of their integer type."""
    if output is None:
        return []
    found = {f"State {name}": saturated(state) for name, state in states.items()}
    lines = [
        item.sentence(subject, per)
        for subject, item in {"The output": output, **found}.items()
        if item is not None and item.count
    ]
    if states and not any(item is not None and item.count for item in found.values()):
        lines.append("No state reaches an end of its range.")
    return lines
