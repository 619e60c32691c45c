"""Why a variant differs, in words: the only place where sentences are made of an explanation."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.report.causes import (
    Candidate,
    Cause,
    Culprit,
    Descent,
    ErrorGrows,
    Evidence,
    Explanation,
    Imitated,
    InputsBeyondScale,
    LintShows,
    Manner,
    NotExamined,
    NotFinite,
    Origin,
    Saturated,
    TensorDifference,
    Unexamined,
)
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Mistake
from tflm_hil.report.render.kinds import name, remedy
from tflm_hil.report.render.mistakes import mistake_words
from tflm_hil.report.render.wording import number
from tflm_hil.vocabulary import RUNGS

ALIKE_SHOWN = 3  # of mistakes that predict the same
SATURATED_SHOWN = 3
NAMED = 3  # weights

WHERE = {
    Origin.OVERLAP: " when each tensor has memory of its own, and wrong otherwise: tensors overlap"
    " in the arena",
    Origin.FEEDBACK: " when they start from the states of desktop TFLM: the error is in how the"
    " device feeds its states back",
    Origin.LEAK: ": the error comes from what the sequences before it left behind",
}
"""What it means that every operator is right."""

WHY_NOT = {
    Unexamined.OPERATOR_REFUSED: "The operator was not looked for: {about}.",
    Unexamined.BOARD_TROUBLE: "The operator was not looked for: the board gave up, see the"
    " incidents of the run.",
    Unexamined.LADDER_IS_RIGHT: "Known mistakes were not tried: what they are computed for, the"
    " output that is held against Keras, is right.",
    Unexamined.NO_KERAS_MODEL: "Known mistakes were not tried: there is no Keras model to compute"
    " them with.",
    Unexamined.NOT_COVERED: "Known mistakes were not tried: {about}.",
    Unexamined.OTHER_SHAPE: "Known mistakes were not tried: Keras' outputs have shape {about},"
    " those of the cell equations another.",
    Unexamined.EQUATIONS_DISAGREE: "Known mistakes were not tried: the cell equations do not give"
    " what Keras gives.",
    Unexamined.REFERENCE_FAILED: "Known mistakes were not tried: {about}.",
    Unexamined.NOTHING_DIFFERS: "Known mistakes were not tried: nothing differs in the first"
    " sequences.",
    Unexamined.NOT_FINITE: "Known mistakes were not tried: outputs are not finite.",
}

OF_THE_DEVICE = (Unexamined.OPERATOR_REFUSED, Unexamined.BOARD_TROUBLE)
"""Why the operator was not looked for; all others are about mistakes."""


def explanation_lines(explanation: Explanation) -> tuple[str, ...]:
    """Where the error is made, by which mistake, what to do, and what was not looked for."""
    return tuple(_lines(explanation))


def _lines(explanation: Explanation) -> Iterator[str]:
    if explanation.descent is not None:
        yield descent_sentence(explanation.descent)
    operator = [item for item in explanation.not_examined if item.reason in OF_THE_DEVICE]
    mistakes = [item for item in explanation.not_examined if item.reason not in OF_THE_DEVICE]
    yield from map(not_examined_sentence, operator)
    for cause in explanation.causes:
        yield from filter(None, [cause_sentence(cause, tried=not mistakes)])
        if cause.known:
            yield f"→ {remedy(cause.kind)}"
    yield from map(not_examined_sentence, mistakes)
    if explanation.saturated:
        yield saturated_sentence(explanation.saturated)


def cause_sentence(cause: Cause, *, tried: bool = True) -> str:
    """The cause without its remedy; `tried` says whether known mistakes were looked at. "" if there
    is nothing to say.
    """
    if not cause.known:
        return _unknown(cause, tried=tried)
    if cause.kind is CauseKind.NOT_FINITE:
        return f"Cause: {name(cause.kind)}. {' '.join(map(evidence_sentence, cause.evidence))}"
    if cause.mistake is None:
        grows = " ".join(map(evidence_sentence, cause.evidence))
        return f"Cause: {name(cause.kind)}. {grows} No other known mistake explains it."
    text = f"Cause: {name(cause.kind)}: {_with_alike(cause.mistake, cause.alike)}"
    if cause.share is not None and cause.difference is not None and cause.left is not None:
        text += (
            f"; this explains {cause.share:.1%} of the difference (RMS {number(cause.difference)},"
            f" left {number(cause.left)})"
        )
    sentences = [f"{text}.", *map(evidence_sentence, cause.evidence)]
    if cause.rivals:
        rivals = ", ".join(map(_candidate, cause.rivals))
        sentences.append(f"These sequences cannot tell it from: {rivals}.")
    if cause.judged_on is not None:
        sentences.append(f"(Judged on the first {cause.judged_on} sequences.)")
    return " ".join(sentences)


def _unknown(cause: Cause, *, tried: bool) -> str:
    if cause.site is not None and cause.site.manner is not Manner.INPUT_CHANGED:
        return f"{'No known mistake explains this: look' if tried else 'Look'} into that operator."
    if cause.difference is None:
        return ""
    text = (
        f"Cause unknown: no known mistake explains the difference (RMS {number(cause.difference)})"
    )
    if cause.nearest is None:
        return f"{text}."
    left = cause.nearest.left / cause.difference
    return f"{text}; the nearest, {_candidate(cause.nearest)}, leaves {left:.0%} of it."


def _candidate(candidate: Candidate) -> str:
    return f"{name(candidate.kind)} ({_with_alike(candidate.mistake, candidate.alike)})"


def _with_alike(mistake: Mistake, alike: tuple[Mistake, ...]) -> str:
    words = mistake_words(mistake)
    if not alike:
        return words
    others = "".join(f", or {mistake_words(item)}" for item in alike[:ALIKE_SHOWN])
    more = ", or …" if len(alike) > ALIKE_SHOWN else ""
    return f"{words}{others}{more} (these sequences cannot tell)"


def evidence_sentence(evidence: Evidence) -> str:
    """What speaks for a mistake."""
    if isinstance(evidence, LintShows):
        return f"The file shows it: {evidence.finding}."
    if isinstance(evidence, ErrorGrows):
        course = ", ".join(f"{item.rms:.3g} at step {item.step}" for item in evidence.course)
        return f"The error (RMS) is {course}."
    if isinstance(evidence, NotFinite):
        return not_finite_sentence(evidence)
    if isinstance(evidence, Imitated):
        return _imitated(evidence)
    return (
        f"{evidence.beyond:.0%} of the inputs lie beyond the input's scale, {evidence.low:.3g} to"
        f" {evidence.high:.3g}: {_histogram(evidence)}."
    )


def _imitated(evidence: Imitated) -> str:
    """An engine that does the same gives the same."""
    if evidence.sequences == evidence.of == 1:
        where = f"all {evidence.invokes:,} Invokes"
    elif evidence.sequences == evidence.of:
        where = f"all {evidence.of:,} sequences"
    else:
        where = f"the first {evidence.sequences:,} of {evidence.of:,} sequences"
    return f"An engine on the desktop that does so gives what the board gives, in {where}."


def not_finite_sentence(found: NotFinite) -> str:
    """Where the first of them is, and what makes it."""
    title = RUNGS[found.rung].title
    parts = []
    if found.sequence is not None:
        what = "values of a state" if found.state else "output values"
        at = "" if found.step is None else f", step {found.step}"
        place = f"sequence {found.sequence}{at}"
        parts.append(f"{found.values:,} {what} of {title} are NaN or infinite, first in {place}")
    if found.weights:
        names = ", ".join(map(repr, found.weights[:NAMED]))
        more = f" and {len(found.weights) - NAMED} more" if len(found.weights) > NAMED else ""
        parts.append(f"so are constants of the file: {names}{more}" if parts else
                     f"constants of the file are NaN or infinite: {names}{more}")  # fmt: skip
    if found.operator:
        parts.append(f"the first operator that puts one out is {found.operator}"
                     f" (tensor {found.tensor!r})")  # fmt: skip
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _histogram(inputs: InputsBeyondScale) -> str:
    between = " ".join(f"{share:.0%}" for share in inputs.between)
    return f"{inputs.below:.0%} below, {between} between, {inputs.above:.0%} above"


def descent_sentence(descent: Descent) -> str:
    """What running one sequence again has shown."""
    if descent.sequence is None:
        return _long(descent)
    if descent.culprit is not None:
        return f"Sequence {descent.sequence}: {culprit_words(descent.culprit)}."
    steps = f"{descent.steps} step{'s' * (descent.steps != 1)}"
    right = f"Sequence {descent.sequence}, run again alone, is right in every operator of {steps}"
    if not descent.in_time:
        return f"{right}; there was no time for more."
    return f"{right}{WHERE.get(descent.origin, '')}."


def _long(descent: Descent) -> str:
    """Of the long sequence, looked at from the step on that differs."""
    if descent.culprit is not None:
        words = culprit_words(descent.culprit)
        return f"The first step that differs is {descent.start}: {words}."
    return (
        f"At step {descent.start}, from desktop TFLM's state and with all tensors kept, every"
        " operator is right: the error comes from the state or from memory."
    )


def culprit_words(culprit: Culprit) -> str:
    """Operator, tensor and step."""
    difference = tensor_words(culprit.tensor)
    if culprit.manner is Manner.INPUT_CHANGED:
        return (
            "the input that the model runs on is not the one that was sent (at step"
            f" {culprit.step}): {difference}"
        )
    place = f"operator {culprit.operator} {culprit.operator_name}"
    if culprit.loop is not None:
        place += f" of subgraph {culprit.subgraph} (run by operator {culprit.loop})"
    when = f"at step {culprit.step}"
    if culprit.time_step is not None:
        when += f", time step {culprit.time_step} of its input"
    return f"{place} {_manner(culprit)} ({when}): {difference}"


def _manner(culprit: Culprit) -> str:
    if culprit.manner is Manner.PASSES_ON:
        return "is the first to differ in the last iteration, an earlier one made the error"
    if culprit.constant is not None:
        constant = tensor_words(culprit.constant)
        return f"has another constant than the model: {constant}; so its output differs"
    if culprit.apart:
        agree = f"its inputs agree within {culprit.apart:.2g}"
        return f"computes differently: {agree}, its output does not"
    return "computes differently: its inputs are equal, its output is not"


def tensor_words(tensor: TensorDifference) -> str:
    """How a tensor differs."""
    unit = " LSB" if tensor.integer else ""
    return (
        f"tensor {tensor.index} {tensor.name!r} ({tensor.type}): {tensor.differing} of"
        f" {tensor.values} values differ, by up to {tensor.max_abs:g}{unit} (element"
        f" {tensor.element}: {tensor.observed:g}, expected {tensor.expected:g})"
    )


def not_examined_sentence(item: NotExamined) -> str:
    """What was not looked for, and why."""
    return WHY_NOT[item.reason].format(about=item.about)


def saturated_sentence(tensors: tuple[Saturated, ...]) -> str:
    """Tensors at an end of their range, and what to do."""
    listed = ", ".join(map(_saturated, tensors[:SATURATED_SHOWN]))
    return (
        f"In sequence {tensors[0].sequence} integers lie at an end of their range: {listed}."
        " Calibrate with data that reach as far."
    )


def _saturated(tensor: Saturated) -> str:
    place = f" in subgraph {tensor.subgraph}" if tensor.subgraph else ""
    return f"{tensor.share:.0%} of tensor {tensor.index} ({tensor.operator}{place})"
