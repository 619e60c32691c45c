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


REFUSED = {
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
