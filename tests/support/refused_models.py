"""Models that no lint finds fault with and that an engine does not take, each for its own reason.

    for name, model in REFUSED.items(): …

`said` is a part of what the engine says, `remedied` a model in which the remedy was followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.graph_builder import GraphBuilder, ModelBuilder


@dataclass(frozen=True)
class Refused:
    """A model, what is said of it, and what its finding names."""

    content: bytes
    said: str
    names: str
    remedy: str
    remedied: bytes
    by_desktop_too: bool = True


def one_operator(build: Callable[[GraphBuilder], tuple[int, int]]) -> bytes:
    """`build(graph)` adds an operator and gives its input and output."""
    model = ModelBuilder()
    graph = model.graph()
    source, target = build(graph)
    graph.finish([source], [target])
    return model.content()


def logistic(scale: float, out: float) -> bytes:
    """int8 LOGISTIC on the scales of its input and output."""

    def build(graph: GraphBuilder) -> tuple[int, int]:
        x = graph.tensor("x", (1, 4), "int8", scale=scale)
        y = graph.tensor("model/gate_3/Sigmoid", (1, 4), "int8", scale=out, zero_point=-128)
        graph.operator("LOGISTIC", [x], [y])
        return x, y

    return one_operator(build)


def quantize(into: str) -> bytes:
    """float32 quantised to a type."""

    def build(graph: GraphBuilder) -> tuple[int, int]:
        x = graph.tensor("x", (1, 4))
        y = graph.tensor("sequential_2/fake_quant_1/y", (1, 4), into, scale=0.1)
        graph.operator("QUANTIZE", [x], [y], "Quantize")
        return x, y

    return one_operator(build)


def strided_slice(rank: int) -> bytes:
    """The first step of a sequence with `rank` axes."""

    def build(graph: GraphBuilder) -> tuple[int, int]:
        shape = (1, 3, *(2,) * (rank - 2))
        x = graph.tensor("x", shape)
        bounds = [
            graph.tensor(name, (rank,), "int32", data=data)
            for name, data in (
                ("begin", [0] * rank),
                ("end", [1, 1, *shape[2:]]),
                ("strides", [1] * rank),
            )
        ]
        y = graph.tensor(
            "functional_1/time_distributed_2/strided_slice;other/x", (1, 1, *shape[2:])
        )
        graph.operator("STRIDED_SLICE", [x, *bounds], [y], "StridedSlice")
        return x, y

    return one_operator(build)


def divided(operator: str, dtype: str, divisor: int | None) -> bytes:
    """An input divided by a constant, or, without one, by itself."""

    def build(graph: GraphBuilder) -> tuple[int, int]:
        x = graph.tensor("x", (1, 4), dtype)
        by = x if divisor is None else graph.tensor("by", (1, 4), dtype, data=[divisor] * 4)
        y = graph.tensor("model/share_1/y", (1, 4), dtype)
        graph.operator(operator, [x, by], [y], *(["Div"] if operator == "DIV" else []))
        return x, y

    return one_operator(build)


def loop(*, ends: bool) -> bytes:
    """Three turns of TANH, or turns for ever."""
    model = ModelBuilder()
    main = model.graph()
    start, x = main.tensor("start", (), "int32", data=0), main.tensor("x", (1, 4))
    left, y = main.tensor("left", (), "int32"), main.tensor("model/rnn/y", (1, 4))
    main.operator("WHILE", [start, x], [left, y], "While", condSubgraphIndex=1, bodySubgraphIndex=2)
    main.finish([x], [y])
    test = model.graph("condition")
    turn, h = test.tensor("turn", (), "int32"), test.tensor("h", (1, 4))
    last = test.tensor("last", (), "int32", data=3)
    on = test.tensor("on", (), "bool")
    test.operator("LESS", [turn, last] if ends else [last, last], [on])
    if not ends:
        test.operator("LOGICAL_NOT", [on], [again := test.tensor("again", (), "bool")])
        on = again
    test.finish([turn, h], [on])
    body = model.graph("body")
    turn, h = body.tensor("turn", (), "int32"), body.tensor("h", (1, 4))
    one = body.tensor("one", (), "int32", data=1)
    following, after = body.tensor("following", (), "int32"), body.tensor("after", (1, 4))
    body.operator("ADD", [turn, one], [following], "Add")
    body.operator("TANH", [h], [after])
    body.finish([turn, h], [following, after])
    return model.content()


REFUSED = {
    "division by a constant 0": Refused(
        divided("DIV", "int32", 0),
        "by zero",
        "DIV #0 (Keras layer share_1)",
        "keep its divisor from being 0",
        divided("DIV", "int32", 2),
    ),
    "type of a division": Refused(
        divided("FLOOR_MOD", "int32", 2),
        "takes float32 where this model has int32",
        "FLOOR_MOD #0 (Keras layer share_1)",
        "cast what it takes to float32",
        divided("FLOOR_MOD", "float32", 2),
    ),
    "loop without an end": Refused(
        loop(ends=False),
        "an endless loop?",
        "of subgraph",
        "let the loop end",
        loop(ends=True),
        by_desktop_too=False,  # it warns
    ),
    "scales": Refused(
        logistic(1e4, 2.0**-8),
        "out of range",
        "LOGISTIC #0 (Keras layer gate_3)",
        "scale the features alike",
        logistic(0.1, 2.0**-8),
        by_desktop_too=False,
    ),
    "type": Refused(
        quantize("uint8"),
        "cannot turn float32 into uint8",
        "QUANTIZE #0 (Keras layer fake_quant_1)",
        "leave fake-quantisation layers out",
        quantize("int8"),
    ),
    "rank": Refused(
        strided_slice(6),
        "",
        "STRIDED_SLICE #0 (Keras layer time_distributed_2)",
        "to four dimensions",
        strided_slice(4),
    ),
}
