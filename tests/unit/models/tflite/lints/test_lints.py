"""Every lint finds the model in which its fault was planted, by name, and leaves a clean one alone.

The plants are made by hand, each next to the sound form that differs in nothing else.
`tests/integration/models/test_naive_conversions.py` shows the same on what the converter writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import CorruptModel
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.lints import LINTS, engines, lint
from tflm_hil.models.tflite.lints.engines import TFLM, builtin, missing

from tests.support.graph_builder import ModelBuilder, accumulator
from tests.support.state_models import many

ZOO = Path(__file__).parents[5] / "fixtures" / "models"
ABSENT = "MATRIX_DIAG"  # neither TFLM nor our engine has it
SHIPPED = sorted(ZOO.glob("*/*.tflite"))


def with_batch(batch: int) -> bytes:
    """TANH on an input whose batch is open (-1) or fixed."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (batch, 4))
    y = main.tensor("y", (batch, 4))
    main.operator("TANH", [x], [y])
    main.finish([x], [y])
    return model.content()


def with_constant(value: float, operator: str = "FULLY_CONNECTED") -> bytes:
    """A constant one of whose values is `value`, multiplied or added: a mask may be infinite."""
    model = ModelBuilder()
    main = model.graph()
    x, y = main.tensor("x", (1, 2)), main.tensor("y", (1, 2))
    w = main.tensor("w", (2, 2), data=[[value, 0.5], [0.25, 1.0]])
    main.operator(operator, [x, w], [y])
    main.finish([x], [y])
    return model.content()


def with_variable(*, assigned: bool) -> bytes:
    """A resource variable that is read, and assigned or not."""
    model = ModelBuilder()
    main = model.graph()
    x, v, y = (main.tensor(name, (1, 2)) for name in "xvy")
    handle = main.tensor("the_variable", (), "resource")
    main.operator("VAR_HANDLE", [], [handle], "VarHandle")
    main.operator("READ_VARIABLE", [handle], [v])
    main.operator("ADD", [x, v], [y], "Add")
    if assigned:
        main.operator("ASSIGN_VARIABLE", [handle, y], [])
    main.finish([x], [y])
    return model.content()


def with_length(length: int) -> bytes:
    """TANH on a sequence whose length is open (-1) or fixed."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, length, 4))
    y = main.tensor("y", (1, length, 4))
    main.operator("TANH", [x], [y])
    main.finish([x], [y])
    return model.content()


def filled(*, constant: bool) -> bytes:
    """FILL to a size that is a constant, or that SHAPE finds out."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4))
    size = main.tensor("size", (2,), "int32", data=[1, 4] if constant else None)
    if not constant:
        main.operator("SHAPE", [x], [size], "Shape")
    zero = main.tensor("zero", (), data=0.0)
    y = main.tensor("y", (1, 4))
    main.operator("FILL", [size, zero], [y])
    main.finish([x], [y])
    return model.content()


def with_half_floats(dtype: str) -> bytes:
    """FULLY_CONNECTED on weights that a DEQUANTIZE has widened."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 3))
    stored = main.tensor("stored", (2, 3), dtype, scale=0.5 if dtype == "int8" else None, data=1)
    w = main.tensor("w", (2, 3))
    y = main.tensor("y", (1, 2))
    main.operator("DEQUANTIZE", [stored], [w])
    main.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnected")
    main.finish([x], [y])
    return model.content()


def with_bias(scale: float) -> bytes:
    """ADD of a constant in int16."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4), "int16", scale=0.5)
    bias = main.tensor("bias", (4,), "int16", scale=scale, data=0)
    y = main.tensor("y", (1, 4), "int16", scale=0.5)
    main.operator("ADD", [x, bias], [y], "Add")
    main.finish([x], [y])
    return model.content()


def with_shape_operator(operator: str) -> bytes:
    """An operator that makes a shape at run time, or a sound one in its place."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4))
    y = main.tensor("y", (1, 4))
    main.operator(operator, [x], [y])
    main.finish([x], [y])
    return model.content()


def loop_of(size: int) -> bytes:
    """A WHILE whose body holds a tensor with `size` rows."""
    model = ModelBuilder()
    main, condition, body = model.graph(), model.graph("cond"), model.graph("body")
    x = main.tensor("x", (3, 4))
    y = main.tensor("y", (3, 4))
    main.operator("WHILE", [x], [y], "While", condSubgraphIndex=1, bodySubgraphIndex=2)
    main.finish([x], [y])
    a = condition.tensor("a", (3, 4))
    go = condition.tensor("go", (1,), "bool")
    condition.operator("LESS", [a, a], [go])
    condition.finish([a], [go])
    b = body.tensor("b", (3, 4))
    rows = body.tensor("scope/rows", (size, 4))
    begin = body.tensor("begin", (2,), "int32", data=[0, 0])
    body.operator("SLICE", [b, begin, begin], [rows])
    body.finish([b], [rows])
    return model.content()


def fused(*, state_scale: float = 0.01, clip: float = 0.0) -> bytes:
    """A fused LSTM in int8 with an output on scale 0.01."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 5, 3), "int8", scale=0.1)
    y = main.tensor("y", (1, 5, 4), "int8", scale=0.01)
    weights = [main.tensor(f"w{i}", (4, 3), "int8", scale=0.1, data=1) for i in range(4)]
    weights += [main.tensor(f"r{i}", (4, 4), "int8", scale=0.1, data=1) for i in range(4)]
    biases = [main.tensor(f"b{i}", (4,), "int32", scale=0.01, data=1) for i in range(4)]
    h = main.tensor("h", (1, 4), "int8", scale=state_scale, variable=True)
    c = main.tensor("c", (1, 4), "int16", scale=2**-11, variable=True)
    main.operator(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [x, *weights, -1, -1, -1, *biases, -1, -1, h, c, -1, -1, -1, -1],
        [y],
        "UnidirectionalSequenceLSTM",
        cellClip=clip,
    )
    main.finish([x], [y])
    return model.content()


def dense(
    dtype: str = "int8",
    weights: str = "int8",
    *,
    bias_scale: float = 0.25 * 0.5,
    channels: int = 1,
) -> bytes:
    """FULLY_CONNECTED with input scale 0.25 and weight scale 0.5."""
    model = ModelBuilder()
    main = model.graph()
    integer = dtype != "float32"
    x = main.tensor("x", (1, 3), dtype, scale=0.25 if integer else None)
    w = main.tensor("w", (2, 3), weights, scale=[0.5] * channels, data=1)
    kind = {"int8": "int32", "int16": "int64", "float32": "float32"}[dtype]
    b = main.tensor("b", (2,), kind, scale=[bias_scale] * channels if integer else None, data=1)
    y = main.tensor("y", (1, 2), dtype, scale=1.0 if integer else None)
    main.operator("FULLY_CONNECTED", [x, w, b], [y], "FullyConnected")
    main.finish([x], [y])
    return model.content()


def island(operator: str = "", dtype: str = "int8") -> bytes:
    """Integers in and out; between them `operator` in float32, or nothing in float32."""
    model = ModelBuilder()
    main = model.graph()
    scale = None if dtype == "float32" else 0.5
    x = main.tensor("x", (1, 4), dtype, scale=scale)
    y = main.tensor("y", (1, 4), dtype, scale=scale)
    if operator:
        a, b = main.tensor("a", (1, 4)), main.tensor("b", (1, 4))
        main.operator("DEQUANTIZE", [x], [a])
        main.operator(operator, [a], [b])
        main.operator("QUANTIZE", [b], [y])
    else:
        main.operator("TANH", [x], [y])
    main.finish([x], [y])
    return model.content()


def sum_of_two(
    reads: str = "x",
    writes: str = "y",
    inputs: tuple[str, ...] = ("x",),
    outputs: tuple[str, ...] = ("y",),
) -> bytes:
    """TANH of x, then its sum with `reads` into `writes`."""
    model = ModelBuilder()
    main = model.graph()
    tensors = {name: main.tensor(name, (1, 4)) for name in ("x", "t", "y", "z")}
    main.operator("TANH", [tensors["x"]], [tensors["t"]])
    main.operator("ADD", [tensors["t"], tensors[reads]], [tensors[writes]], "Add")
    main.finish([tensors[name] for name in inputs], [tensors[name] for name in outputs])
    return model.content()


# code, severity, planted, clean, what the sentence names
CASES: list[tuple[str, str, Callable[[], bytes], Callable[[], bytes], str]] = [
    ("model-bounds", "error", lambda: many([600, 600]), lambda: many([600, 400]),
     "the states that are fed back take 4,800 bytes, and the firmware has 4,096"),
    ("model-bounds", "error", lambda: many([1] * 16), lambda: many([1] * 15),
     "the model has 17 inputs, and the firmware takes 16"),
    ("model-bounds", "error", lambda: many([], data=17), lambda: many([], data=16),
     "the model has 17 inputs, and the firmware takes 16"),
    ("damaged-graph", "error", lambda: sum_of_two(reads="z"), sum_of_two,
     "ADD #1 of subgraph 0 reads z, which nothing has written"),
    ("damaged-graph", "error", lambda: sum_of_two(writes="t", outputs=("t",)), sum_of_two,
     "ADD #1 of subgraph 0 writes t a second time"),
    ("damaged-graph", "error", lambda: sum_of_two(outputs=("z",)), sum_of_two,
     "output z of subgraph 0 is made by no operator"),
    ("damaged-graph", "error", lambda: sum_of_two(inputs=("x", "x")), sum_of_two,
     "input x of subgraph 0 is constant, state or listed twice"),
    ("damaged-graph", "error", lambda: sum_of_two(outputs=("x", "x")),
     lambda: sum_of_two(outputs=("x", "y")), "every output of the model is an input"),
    ("damaged-graph", "error", lambda: sum_of_two(outputs=()), sum_of_two,
     "the model has no output"),
    ("dynamic-batch", "note", lambda: with_batch(-1), lambda: with_batch(1), "[?,4]"),
    ("dynamic-batch", "warning", lambda: with_length(-1), lambda: with_length(3),
     "runs as [1, 1, 4]"),
    ("dynamic-batch", "error", lambda: filled(constant=False), lambda: filled(constant=True),
     "FILL #1"),
    ("dynamic-shape-in-loop", "error", lambda: loop_of(-1), lambda: loop_of(3), "rows [?,4]"),
    ("state-scales", "error", lambda: accumulator(next_scale=0.25),
     lambda: accumulator(next_scale=0.5), "state h comes out on scale 0.25"),
    ("fused-state-scales", "error", lambda: fused(state_scale=0.02), fused, "on 0.02"),
    ("bias-scale", "error", lambda: dense(bias_scale=0.13), dense, "4.00%"),
    ("bias-scale", "error", lambda: dense("int16", bias_scale=0.12), lambda: dense("int16"),
     "FULLY_CONNECTED #0"),
    ("per-channel-int16", "warning", lambda: dense("int16", channels=2), lambda: dense("int16"),
     "1 FULLY_CONNECTED"),
    ("per-channel-int16", "warning", lambda: dense("int16", channels=2),
     lambda: dense("int8", channels=2), "CMSIS-NN"),
    ("float-island", "warning", lambda: island("LOGISTIC"), island, "LOGISTIC #1"),
    ("float-island", "note", lambda: island("RESHAPE"), island, "moves float32 elements"),
    ("hybrid", "error", lambda: dense("float32"), lambda: dense("float32", "float32"),
     "FULLY_CONNECTED #0"),
    ("half-floats", "error", lambda: with_half_floats("float16"),
     lambda: with_half_floats("int8"), "DEQUANTIZE #0"),
    ("zero-scale", "error", lambda: with_bias(0.0), lambda: with_bias(0.25), "bias (int16)"),
    ("cell-clip", "note", lambda: fused(clip=10.0), fused, "±10"),
    ("not-finite-weight", "warning", lambda: with_constant(np.nan), lambda: with_constant(0.5),
     "constant w holds 1 values that are NaN"),
    ("not-finite-weight", "warning", lambda: with_constant(-np.inf),
     lambda: with_constant(-np.inf, "ADD"), "infinity"),
    ("unassigned-variable", "warning", lambda: with_variable(assigned=False),
     lambda: with_variable(assigned=True), "the_variable"),
    ("unsupported-operator", "error", lambda: with_shape_operator(ABSENT),
     lambda: with_shape_operator("TANH"), ABSENT),
]  # fmt: skip


@pytest.mark.parametrize(("code", "severity", "planted", "clean", "words"), CASES)
def test_finds_what_was_planted_and_nothing_in_the_clean_twin(
    code: str,
    severity: str,
    planted: Callable[[], bytes],
    clean: Callable[[], bytes],
    words: str,
) -> None:
    (finding,) = [item for item in lint(planted()) if item.code == code]
    assert finding.severity == severity
    assert words in finding.sentence
    assert finding.remedy
    assert code not in {item.code for item in lint(clean())}


def test_every_lint_has_a_plant() -> None:
    assert {case[0] for case in CASES} == {*LINTS, "unsupported-operator"}


def test_a_plant_is_found_by_its_own_lint_only() -> None:
    for code, _, planted, _, _ in CASES:
        errors = {item.code for item in lint(planted()) if item.severity == "error"}
        # shape-making operators are also ones that the builtin engine may lack
        assert errors <= {code, "unsupported-operator"}, code


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_shipped_models_have_no_errors_or_warnings(path: Path) -> None:
    assert [item for item in lint(path.read_bytes()) if item.severity != "note"] == []


def test_findings_are_sorted_and_can_be_ignored() -> None:
    content = island(ABSENT)
    assert [item.code for item in lint(content)] == ["unsupported-operator", "float-island"]
    assert [item.code for item in lint(content, ignore=["float-island"])] == [
        "unsupported-operator"
    ]


def test_a_finding_reads_as_a_sentence_with_a_remedy() -> None:
    (finding,) = [item for item in lint(dense(bias_scale=0.13)) if item.code == "bias-scale"]
    assert str(finding).startswith("error: bias-scale: FULLY_CONNECTED #0 adds a bias")
    assert "\n  → use" in str(finding)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(CorruptModel):
        lint(b"no model at all")


def test_the_engines_operators() -> None:
    assert {"FULLY_CONNECTED", "SPLIT_V", "REVERSE_V2", "UNIDIRECTIONAL_SEQUENCE_LSTM"} <= builtin()
    assert builtin() == TFLM  # and what the wheel has: tests/integration/engine
    lacking = missing(inspect(with_shape_operator(ABSENT)))
    assert lacking == {"builtin": (ABSENT,), "tflm": (ABSENT,)}


def test_operators_of_the_signal_library_are_tflms() -> None:
    """A model of them is not refused, where no library says that it lacks them."""
    content = inspect(with_shape_operator("CUSTOM"))
    (graph,) = content.subgraphs
    window = replace(graph.operators[0], name="CUSTOM SignalWindow")
    content = replace(content, subgraphs=(replace(graph, operators=(window,)),))
    assert missing(content) == {"builtin": ("CUSTOM SignalWindow",), "tflm": ()}
    (finding,) = [item for item in lint(content) if item.code == "unsupported-operator"]
    assert finding.remedy == "use the engine tflm"
    linked = frozenset({"ADD"})
    (finding,) = [
        item
        for item in lint(content, engine="tflm", linked=linked)
        if item.code == "unsupported-operator"
    ]
    assert finding.sentence == "the given TFLM library has no CUSTOM SignalWindow"


def test_the_other_engine_is_proposed_where_it_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "TFLM", TFLM | {ABSENT})
    content = with_shape_operator(ABSENT)
    (finding,) = [item for item in lint(content) if item.code == "unsupported-operator"]
    assert "tflm" in finding.remedy
    assert "unsupported-operator" not in {item.code for item in lint(content, engine="tflm")}


@pytest.mark.parametrize(
    ("lacking", "other", "words", "engine"),
    [
        (("SELECT", "TILE"), ("SELECT", "TILE"), ("selu", "RepeatVector"), False),
        (
            ("ODD", "CUSTOM FlexErf"),
            ("ODD", "CUSTOM FlexErf"),
            ("makes ODD", "SELECT_TF_OPS"),
            False,
        ),
        (("TILE", "SELECT"), ("SELECT",), ("selu",), True),
        (("TILE",), (), (), True),
        (("SELECT_V2",), ("SELECT_V2",), ("makes SELECT_V2",), False),
    ],
)
def test_a_remedy_covers_every_operator_and_no_engine_with_the_same_gap(
    lacking: tuple[str, ...], other: tuple[str, ...], words: tuple[str, ...], engine: bool
) -> None:
    remedy = engines._remedy(inspect(sum_of_two()), lacking, {"tflm": other})
    assert all(word in remedy for word in words)
    assert ("use the engine tflm" in remedy) == engine
