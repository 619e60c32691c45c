"""What is no model, though every offset in the file leads somewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tflm_hil.errors import CorruptModel
from tflm_hil.models.tflite.inspect import inspect

from tests.support.graph_builder import ModelBuilder


def model(change: Callable[[ModelBuilder], None] = lambda _: None) -> bytes:
    """`x` → TANH → `y` with a signature, and then changed."""
    made = ModelBuilder()
    main = made.graph()
    x = main.tensor("x", (1, 4), "int8", scale=0.5)
    y = main.tensor("y", (1, 4), "int8", scale=1 / 128)
    main.operator("TANH", [x], [y])
    main.finish([x], [y])
    made.signature({"x": x}, {"y": y})
    change(made)
    return made.content()


def no_subgraph(made: ModelBuilder) -> None:
    made.model.subgraphs, made.model.signatureDefs = [], []


def no_output(made: ModelBuilder) -> None:
    made.model.subgraphs[0].operators[0].outputs = None


def left_out(made: ModelBuilder) -> None:
    made.model.subgraphs[0].operators[0].inputs = np.array([-1], np.int32)


def beyond(made: ModelBuilder) -> None:
    made.model.subgraphs[0].outputs = np.array([7], np.int32)


def negative(made: ModelBuilder) -> None:
    made.model.subgraphs[0].tensors[0].shape = np.array([1, -4], np.int32)


def enormous(made: ModelBuilder) -> None:
    made.model.subgraphs[0].tensors[0].shape = np.array([1 << 20, 1 << 20], np.int32)


def more_zero_points(made: ModelBuilder) -> None:
    made.model.subgraphs[0].tensors[0].quantization.zeroPoint = np.array([1, 2, 3], np.int64)


def scale_is_no_number(made: ModelBuilder) -> None:
    made.model.subgraphs[0].tensors[0].quantization.scale = np.array([np.nan], np.float32)


def loop_without_a_body(made: ModelBuilder) -> None:
    more = made.graph("loop")
    more.operator("WHILE", [], [], "While", condSubgraphIndex=0, bodySubgraphIndex=9)
    more.finish([], [])


def another_signature(made: ModelBuilder) -> None:
    made.model.signatureDefs[0].subgraphIndex = 3


def signature_of_no_input(made: ModelBuilder) -> None:
    made.model.signatureDefs[0].inputs[0].tensorIndex = 1


def test_a_sound_one() -> None:
    assert inspect(model()).operator_counts == {"TANH": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (no_subgraph, "has no subgraph"),
        (no_output, "TANH of subgraph 0 has no output"),
        (left_out, "TANH of subgraph 0 lacks an input"),
        (beyond, "subgraph 0 names a tensor that it does not have"),
        (negative, r"tensor 0 of subgraph 0 has the shape \[1, -4\]"),
        (enormous, "claims 1099511627776 elements"),
        (more_zero_points, "other numbers of scales and of zero points"),
        (scale_is_no_number, "a scale that is no positive number"),
        (loop_without_a_body, "WHILE of subgraph 1 runs a subgraph that is not there"),
        (another_signature, "signature serving_default is of a subgraph that is not there"),
        (signature_of_no_input, "signature serving_default names what its subgraph does not take"),
    ],
)
def test_what_is_none(change: Callable[[ModelBuilder], None], words: str) -> None:
    with pytest.raises(CorruptModel, match=words):
        inspect(model(change), "my.tflite")
