"""Words for how a mistake was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch

from tflm_hil.report import mistakes as m
from tflm_hil.report.mistakes import How, Mistake, Way
from tflm_hil.report.render.wording import number

WAYS: Mapping[Way, str] = {
    Way.LEAKS_INTO_NEXT: "from each sequence into the next",
    Way.STARTS_AT_ZERO: "it starts at zero",
    Way.STATES_EXCHANGED: "after every step",
    Way.FEATURES_REVERSED: "features reversed",
    Way.FEATURE_PAIRS_EXCHANGED: "neighbouring features exchanged (byte order)",
    Way.TIME_REVERSED: "in reversed order",
    Way.FEATURES_READ_AS_TIME: "[features, time] is read as [time, features]",
    Way.TIME_READ_AS_FEATURES: "[time, features] is read as [features, time]",
    Way.PADDING_AS_DATA: "padding runs as data",
    Way.PADDING_AT_OTHER_END: "padding stands at the other end",
    Way.BIASES_MISSING: "all biases are missing",
    Way.RECURRENT_BIAS_MISSING: "the recurrent bias is missing",
    Way.INPUT_BIAS_MISSING: "the input bias is missing",
    Way.RECURRENT_BIAS_ESCAPES_RESET: "the recurrent bias escapes the reset gate",
    Way.RESET_BEFORE_PRODUCT: "the reset acts before the product",
    Way.RESET_AFTER_PRODUCT: "the reset acts after the product",
    Way.H_OVERWRITES_C: "state h overwrites state c",
    Way.C_OVERWRITES_H: "state c overwrites state h",
    Way.TENSORS_OVERLAP: "tensors that are needed at the same time overlap in the arena",
    Way.BACKWARD_READS_FORWARDS: "it reads the sequence forwards",
    Way.BACKWARD_STAYS_REVERSED: "its outputs stay in reversed order",
    Way.BACKWARD_COMES_FIRST: "it comes before the forward half",
    Way.BACKWARD_HAS_FORWARD_WEIGHTS: "it has the weights of the forward half",
    Way.ENCODER_STATE_MISSING: "the encoder's state is not handed over",
    Way.FIRST_INPUT_ZERO: "the first input is zero",
    Way.FIRST_INPUT_ONE: "the first input is one",
}

FILLS: Mapping[m.Fill, str] = {
    m.Fill.ZERO: "filled with zero",
    m.Fill.EDGE: "filled with the edge",
    m.Fill.WRAPPED: "the rest comes round",
    m.Fill.PREVIOUS_SEQUENCE: "begun with the sequence before",
}


def mistake_words(mistake: Mistake) -> str:
    """How it was made, and where."""
    return how_words(mistake.how) + _layers(mistake.layers)


def _layers(layers: Sequence[str]) -> str:
    if not layers:
        return ""
    *others, last = layers
    return f" in layers {', '.join(others)} and {last}" if others else f" in layer {last}"


def how_words(how: How) -> str:
    """How a mistake was made, as a clause."""
    return WAYS[how] if isinstance(how, Way) else _words(how)


@singledispatch
def _words(how: object) -> str:
    raise TypeError(f"no words for {how!r}")


@_words.register
def _(how: m.WipedEvery) -> str:
    return "before every step" if how.steps == 1 else f"every {how.steps} steps"


@_words.register
def _(how: m.WipedOnce) -> str:
    return f"once, before step {how.step}"


@_words.register
def _(how: m.StateReadAs) -> str:
    return f"state {how.state} comes back as {how.factor:.3g}·{how.state} {how.offset:+.3g}"


@_words.register
def _(how: m.StatesExchangedAsBytes) -> str:
    return (
        f"after every step, as bytes: h becomes {how.factor_h:.3g}·c {how.offset_h:+.3g},"
        f" c becomes {how.factor_c:.3g}·h {how.offset_c:+.3g}"
    )


@_words.register
def _(how: m.OutputReadAs) -> str:
    return f"it is read as {how.factor:.3g}·h {how.offset:+.3g}"


@_words.register
def _(how: m.BiasCounts) -> str:
    which = "recurrent bias" if how.bias is m.Bias.RECURRENT else "bias"
    return f"from step 1 on the {which} counts {how.factor:.3g}-fold"


@_words.register
def _(how: m.BiasShared) -> str:
    return (
        "all steps share one recurrent bias, though their states have other scales: at the last it"
        f" counts {how.growth:.3g}-fold"
    )


@_words.register
def _(how: m.CellBounded) -> str:
    return f"at ±{how.bound:.3g}"


@_words.register
def _(how: m.RecurrentWeightsCount) -> str:
    return f"the recurrent weights count {how.factor:.5g}-fold"


@_words.register
def _(how: m.InputsBounded) -> str:
    return f"inputs saturate at ±{how.bound:.3g}"


@_words.register
def _(how: m.CalibratedWithin) -> str:
    return (
        f"calibrated as if inputs were within {how.low:.3g} and {how.high:.3g},"
        f" {how.beyond:.0%} of them are beyond and saturate"
    )


@_words.register
def _(how: m.InputScaled) -> str:
    return f"what arrives is {how.factor:.3g}·x {how.offset:+.3g}"


@_words.register
def _(how: m.FeaturesRotated) -> str:
    return f"features rotated by {how.places}"


@_words.register
def _(how: m.ElementsLate) -> str:
    places = f"{how.places} place{'s' * (how.places != 1)}"
    return f"all elements come {places} late (stride or header)"


@_words.register
def _(how: m.Shifted) -> str:
    count = abs(how.steps)
    direction = "late" if how.steps > 0 else "early"
    return f"{count} step{'s' * (count != 1)} {direction}, {FILLS[how.fill]}"


@_words.register
def _(how: m.GatesReordered) -> str:
    return f"{', '.join(how.order)} instead of {', '.join(how.expected)}"


@_words.register
def _(how: m.OtherFunction) -> str:
    expected = how.expected or "the function of your own"
    return f"{how.used} instead of {expected}{' in the gates' * how.in_gates}"


@_words.register
def _(how: m.InputOverwrites) -> str:
    return f"the input overwrites the {how.end} {how.elements} elements of state {how.state}"


@_words.register
def _(how: m.FirstInputSymbol) -> str:
    return f"the first input is symbol {how.symbol}"


@_words.register
def _(how: m.WithinRounding) -> str:
    return f"no difference is above {how.lsb:g} LSB, the largest is {number(how.largest)}"


@_words.register
def _(how: m.OperatorRounds) -> str:
    return f"given the same, {how.operator} is off by {number(how.lsb)} LSB at most"


@_words.register
def _(how: m.OperatorsForget) -> str:
    return f"{', '.join(how.operators)} begins every Invoke with a state of zero"


@_words.register
def _(how: m.FactorsRounded) -> str:
    most = f"the most in {how.operator}, " if len(how.operators) > 1 else ""
    return f"those of {', '.join(how.operators)}, {most}from {how.exact:.10g} to {how.rounded:.10g}"


@_words.register
def _(how: m.RunTwiceDiffers) -> str:
    return f"run twice on the same input, it differs by RMS {number(how.rms)}"
