"""No remedy names the export and type that were just used, nor ones that a rule refuses.

All that name one are walked: what is said of a conversion that is not the model, of one that a rule
blocks, and every lint on the model in which its fault is planted; for models of many kinds, and for
every export and type that they may be in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from tflm_hil.models.convert.causes import Cause, CauseKind
from tflm_hil.models.convert.fidelity import Comparison, Fidelity, OutputComparison
from tflm_hil.models.convert.obstacles import WAYS, Layer, Way, obstacles, open_ways, plan
from tflm_hil.models.convert.refusal_words import remedy
from tflm_hil.models.convert.wording import doubts, refusal
from tflm_hil.models.tflite.inspect import Inspection, Origin, inspect
from tflm_hil.models.tflite.lints import lint
from tflm_hil.models.tflite.origin import WIDE
from tflm_hil.run.preflight import smaller_arena, smaller_file
from tflm_hil.vocabulary import ExportKind, Precision

from tests.support.graph_builder import ModelBuilder
from tests.unit.models.tflite.lints.test_lints import CASES

KINDS = {
    "lstm": [Layer("lstm", "LSTM", recurrent=True)],
    "sequences": [Layer("lstm", "LSTM", recurrent=True, return_sequences=True)],
    "gru": [Layer("gru", "GRU", recurrent=True, reset_after=True)],
    "both": [Layer("both", "Bidirectional"), Layer("gru", "GRU", recurrent=True, reset_after=True)],
    "masked": [Layer("mask", "Masking"), Layer("lstm", "LSTM", recurrent=True)],
    "decoder": [Layer("again", "RepeatVector"), Layer("lstm", "LSTM", recurrent=True)],
    "masked decoder": [
        Layer("mask", "Masking"),
        Layer("again", "RepeatVector"),
        Layer("gru", "GRU", recurrent=True, reset_after=True),
    ],
    "rounds": [Layer("qat", "Wrapper", fake_quantised=True)],
    "dense": [Layer("dense", "Dense")],
}
OPTION = re.compile(r"(?:--to (\w+) )?--export (\w+(?:, \w+)*(?: or \w+)?)")
TYPE = re.compile(r"convert to ((?:(?:float32|int8|int16x8)(?: with --export \w+)?(?: or )?)+)")
ONE_TYPE = re.compile(r"(float32|int8|int16x8)(?: with --export (\w+))?")


def named(text: str, asked: Way) -> Iterator[Way]:
    """The ways that a remedy names; a type alone stands for the export that was asked for."""
    for types in TYPE.findall(text):
        for dtype, export in ONE_TYPE.findall(types):
            yield ExportKind(export or asked[0]), Precision(dtype)
    for dtype, exports in OPTION.findall(TYPE.sub("", text)):
        for export in re.split(r", | or ", exports):
            if export in tuple(ExportKind):
                yield ExportKind(export), Precision(dtype or asked[1])


def compared(kind: str, asked: Way) -> Iterator[str]:
    """What is said where a conversion is not the model, or is in doubt."""
    ways = open_ways(obstacles(KINDS[kind]))
    output = OutputComparison("y", 1.0, 0.1, 0.5, 0.0, 1.0, 0.01, None, (0,), Fidelity.DOUBTFUL)
    comparison = Comparison(8, given=True, outputs=(output,))
    for causes in [[], *([Cause(item, "x", value=2.0, reference=1.0)] for item in CauseKind)]:
        yield refusal("m.keras", asked, comparison, causes, ways).remedy
        yield doubts(comparison, asked, causes, ways)[-1]


def planned(kind: str, asked: Way) -> Iterator[str]:
    """What is said where a rule blocks it."""
    found = obstacles(KINDS[kind])
    if asked not in open_ways(found):
        ways, change = plan(found, asked, lambda _: True)
        if change is None:  # what a change opens, is not open as it is
            yield remedy(asked, ways, change)


def linted(kind: str, asked: Way) -> Iterator[str]:
    """What the lints say of a model that was converted so, and the checks of its size."""
    exports = {export for export, dtype in open_ways(obstacles(KINDS[kind])) if dtype == asked[1]}
    yield from _of_planted(asked, frozenset(exports))


@cache
def _planted() -> list[Inspection]:
    return [inspect(planted()) for _, _, planted, _, _ in CASES]


@cache
def _of_planted(asked: Way, exports: frozenset[ExportKind]) -> tuple[str, ...]:
    """A type is named for what is in the file, which is not what `asked` says: it is left out."""
    said: list[str] = []
    for planted in _planted():
        model = replace(planted, origin=Origin(*asked, exports))
        said += (item.remedy for item in lint(model))
        said += (smaller_arena(model), smaller_file(model))
    return tuple(dict.fromkeys(TYPE.sub("", text) for text in said))


@pytest.mark.parametrize("say", [compared, planned])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_conversion(kind: str, say: object) -> None:
    check(kind, say)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_converted_model(kind: str) -> None:
    check(kind, linted)


def check(kind: str, say: object) -> None:
    ways = open_ways(obstacles(KINDS[kind]))
    assert callable(say)
    for asked in WAYS:
        for text in say(kind, asked):
            for way in named(text, asked):
                assert way != asked, text
                assert way in ways, (asked, text)


def test_what_is_named_is_found() -> None:
    asked = (ExportKind.LOOP, Precision.INT8)
    text = "use --to float32 --export shift, step or fused; convert to float32 or int16x8 with"
    assert list(named(f"{text} --export step", asked)) == [
        (ExportKind.LOOP, Precision.FLOAT32),
        (ExportKind.STEP, Precision.INT16X8),
        (ExportKind.SHIFT, Precision.FLOAT32),
        (ExportKind.STEP, Precision.FLOAT32),
        (ExportKind.FUSED, Precision.FLOAT32),
    ]


def test_models_of_unknown_origin_are_sent_to_no_export_that_the_rules_refuse() -> None:
    """What the lints know of int16x8 is what the rules say of a plain recurrent layer."""
    lstm = open_ways(obstacles(KINDS["lstm"]))
    assert {export for export, dtype in lstm if dtype == Precision.INT16X8} == WIDE


def test_a_masked_model_in_shift_is_not_sent_to_shift() -> None:
    model = ModelBuilder()
    main = model.graph()
    x, y = main.tensor("x", (1, 4), "bool"), main.tensor("y", (1,), "bool")
    axis = main.tensor("axis", (1,), "int32", data=[1])
    main.operator("REDUCE_ANY", [x, axis], [y])
    main.finish([x], [y])
    planted = inspect(model.content())
    shift = replace(planted, origin=Origin(ExportKind.SHIFT, Precision.FLOAT32))
    loop = replace(planted, origin=Origin(ExportKind.UNROLLED, Precision.FLOAT32))
    said = [
        " ".join(item.remedy for item in lint(model) if item.code == "unsupported-operator")
        for model in (shift, loop)
    ]
    assert ["--export shift" in text for text in said] == [False, True]
