"""What a comparison with Keras says, in words: for the command and for errors."""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.causes import Cause, CauseKind
from tflm_hil.models.convert.fidelity import DOUBTFUL, Comparison, Fidelity, OutputComparison
from tflm_hil.models.convert.obstacles import Way
from tflm_hil.models.convert.refusal_words import either
from tflm_hil.vocabulary import RUNGS, ExportKind, Precision


def comparison_lines(comparison: Comparison) -> list[str]:
    """A line for each output."""
    random = "" if comparison.given else "random "
    start = f"against Keras on {comparison.sequences} {random}sequences"
    several = len(comparison.outputs) > 1
    return [
        f"{start}{f', {item.name}' if several else ''}: {figures(item)}"
        for item in comparison.outputs
    ]


def figures(item: OutputComparison) -> str:
    """The differences of an output in its unit, its scale and its range."""
    inside = []
    if item.max_lsb is not None:
        inside.append(f"{item.max_lsb:.1f} LSB")
    if item.share_of_range is not None:
        share = item.share_of_range
        inside.append(f"{share:.1%} of the output's range" if share >= 5e-4 else
                      f"{share:.1g} of the output's range")  # fmt: skip
    size = f" ({', '.join(inside)})" if inside else ""
    same = "" if item.same_class is None else f", same class {item.same_class:.0%}"
    return f"largest error {item.max_abs:.3g}{size}, RMS {item.rms:.2g}{same}"


def apart(decides: Comparison, other: Comparison) -> list[str]:
    """A sentence for every output of which another runtime is judged otherwise: which counts."""
    return [
        f"{RUNGS[other.runtime].title} computes output {one.name} otherwise ({figures(two)}); a"
        f" board computes it as {RUNGS[decides.runtime].title} does"
        for one, two in zip(decides.outputs, other.outputs, strict=True)
        if one.fidelity is not two.fidelity
    ]


def doubts(
    comparison: Comparison, asked: Way, causes: Sequence[Cause], ways: Sequence[Way]
) -> list[str]:
    """A sentence for every output that is not as near as it should be, and what shows of why.
    `ways` are those that no rule blocks for the model (`obstacles.open_ways`).
    """
    found = [
        f"output {item.name} is far from Keras: {_far(item, asked[1])}"
        for item in comparison.outputs
        if item.fidelity is Fidelity.DOUBTFUL
    ]
    if found:
        found += [f"{cause_sentence(cause)}" for cause in causes]
        found.append("; ".join(dict.fromkeys(_remedies(asked, causes, ways))))
    return found


def _far(item: OutputComparison, dtype: Precision) -> str:
    """Which of the two bounds it misses (`fidelity`)."""
    if item.rms > DOUBTFUL.get(dtype, 0.0) * item.spread:
        return (
            f"its RMS error {item.rms:.3g} is {item.rms / max(item.spread, 1e-30):.0%} of what it"
            " varies by on these sequences"
        )
    return f"{item.same_class or 0.0:.0%} of its decisions are the same"


def refusal(
    name: str,
    asked: Way,
    comparison: Comparison,
    causes: Sequence[Cause],
    ways: Sequence[Way],
) -> ConversionError:
    """A conversion that is not the model: what was found, why as far as it shows, what to do."""
    export, dtype = asked
    wrong = max(comparison.outputs, key=lambda item: list(Fidelity).index(item.fidelity))
    what = (
        f"{name} converted to {dtype} ({export}) is not the model: output {wrong.name} differs from"
        f" Keras by up to {wrong.max_abs:.3g} on {comparison.sequences} sequences, and its whole"
        f" range is {wrong.low:.4g} to {wrong.high:.4g}"
    )
    if wrong.scale:
        what += (
            f"; RMS error {wrong.rms:.3g}, where putting out the mean, whatever the input is,"
            f" would have {wrong.spread:.3g}"
        )
    reasons = "".join(f". {cause_sentence(cause)}" for cause in causes)
    return ConversionError(
        what + reasons, remedy="; ".join(dict.fromkeys(_remedies(asked, causes, ways)))
    )


def cause_sentence(cause: Cause) -> str:
    """One finding about an input."""
    match cause.kind:
        case CauseKind.QUANTISED_INTEGERS:
            return (
                f"Input {cause.input} takes integers, and the converter gave it the scale"
                f" {cause.value:.3g}: they arrive as other ones"
            )
        case CauseKind.TIED_SCALE:
            joined = f" by {cause.operator}" if cause.operator else ""
            return (
                f"The scale of input {cause.input} spans {cause.value:.4g} and its own data"
                f" {cause.reference:.4g}: the converter ties it to another tensor{joined}"
            )
        case CauseKind.SMALL_FEATURE:
            return (
                f"Feature {cause.index} of input {cause.input} varies by {cause.value:.3g}, and"
                f" one step of the input's scale is {cause.reference:.3g}"
            )
        case CauseKind.DRIFT:
            return (
                f"The error grows along the sequence, from {cause.reference:.3g} in the first"
                f" quarter of the steps to {cause.value:.3g} in the last"
            )


def remedy_of(cause: Cause, other: str) -> str:
    """What to do about one finding; `other` are types that do not have it, "" for none."""
    match cause.kind:
        case CauseKind.QUANTISED_INTEGERS:
            return 'use keras.Input(…, dtype="int32"), so that the integers stay what they are' + (
                f", or convert to {other}" if other else ""
            )
        case CauseKind.TIED_SCALE:
            return (
                f"bring {cause.input} and what it is joined with to one range outside of the model;"
                " other calibration data does not help"
                + (f". Or convert to {other}" if other else "")
            )
        case CauseKind.SMALL_FEATURE:
            return (
                f"normalise the features of {cause.input} to one range outside of the model and"
                " train on them; one integer scale serves all of them"
            )
        case CauseKind.DRIFT:
            if not other:
                return "shorten the sequences, or reset the state more often: integer states drift"
            return f"convert to {other}: integer states drift over so many steps"


def _remedies(asked: Way, causes: Sequence[Cause], ways: Sequence[Way]) -> list[str]:
    """Other types and exports only as far as no rule blocks them."""
    export, dtype = asked
    if dtype == Precision.FLOAT32:
        others = [of for of, kind in ways if kind == dtype and of != export]
        if not others:
            return ["look for a layer that is random or keeps a state: in float32 both are equal"]
        return [f"use --export {either(others)}; in float32 both should be equal"]
    other = finer(asked, ways)
    found = [remedy_of(cause, other) for cause in causes]
    calibrate = "calibrate with more sequences of the kind that the model gets"
    return found or [calibrate + (f", or convert to {other}" if other else "")]


def finer(asked: Way, ways: Sequence[Way]) -> str:
    """The types that hold more than the one that was asked for, with the exports that they need;
    "" if no export takes the model in one. `ways` as `doubts` has them.
    """
    export, dtype = asked
    types = {Precision.INT8: (Precision.FLOAT32, Precision.INT16X8)}
    options = [_in_type(kind, export, ways) for kind in types.get(dtype, (Precision.FLOAT32,))]
    return either([option for option in options if option])


def _in_type(dtype: Precision, export: ExportKind, ways: Sequence[Way]) -> str:
    """A type with the export that it needs, "" if no export takes the model in it."""
    exports = [of for of, kind in ways if kind == dtype]
    if export in exports:
        return dtype
    return f"{dtype} with --export {exports[0]}" if exports else ""
