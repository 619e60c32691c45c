"""What the wheel runs without an answer of its own (memory that nobody wrote, a shift too far) is
refused at load, with the reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.graph_builder import ModelBuilder

from .conftest import Runner

UNSUPPORTED_OPTION = 7
SHAPE = (1, 6)


def logistic(scale: float, *, zero_points: bool = True) -> bytes:
    """LOGISTIC of int16 with an input of this scale."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", SHAPE, "int16", scale=scale)
    y = main.tensor("y", SHAPE, "int16", scale=1 / 32768)
    main.operator("LOGISTIC", [x], [y])
    main.finish([x], [y])
    if not zero_points:
        main._graph.tensors[x].quantization.zeroPoint = None
    return model.content()


def one_element(stride: int) -> bytes:
    """`x[0, 4]`, with a stride that has nothing to do."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", SHAPE)
    bounds = [
        main.tensor(name, (2,), "int32", data=values)
        for name, values in (("begin", [0, 4]), ("end", [1, 5]), ("strides", [1, stride]))
    ]
    y = main.tensor("y", (1,))
    main.operator("STRIDED_SLICE", [x, *bounds], [y], "StridedSlice", shrinkAxisMask=2)
    main.finish([x], [y])
    return model.content()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (logistic(1e-16), "scales or zero points out of range"),
        (logistic(1e-40), "scale that is not positive"),
        (logistic(0.001, zero_points=False), "scale and no zero point"),
        (one_element(-1), "one element with a negative stride"),
    ],
    ids=["tiny scale", "subnormal scale", "no zero point", "negative stride"],
)
def test_refused_at_load(content: bytes, reason: str, tmp_path: Path, engine_run: Runner) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    ours = engine_run(path, b"", "--noise")
    assert ours.status == UNSUPPORTED_OPTION
    assert reason in str(ours.report["text"])


@pytest.mark.parametrize("content", [logistic(0.001), one_element(1), one_element(2)])
def test_the_same_in_order_runs(content: bytes, tmp_path: Path, engine_run: Runner) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    assert engine_run(path, b"", "--noise").status == 0
