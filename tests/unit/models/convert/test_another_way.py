"""Which conversions are tried where one has failed, and in which order."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tflm_hil.models.convert.activations import replace, replaceable
from tflm_hil.models.convert.another_way import Others, to_try
from tflm_hil.models.convert.obstacles import WAYS
from tflm_hil.vocabulary import ExportKind, Precision

ASKED = (ExportKind.UNROLLED, Precision.INT16X8)
OPEN = tuple(way for way in WAYS if way != ASKED)


def test_other_exports_come_first_and_then_other_types_in_the_same_export() -> None:
    tried = to_try(Others(OPEN), ASKED, calibrated=True)
    assert [of for _, of in tried] == ["int16x8", "int16x8", "int8", "float32"]
    assert ASKED not in tried
    assert [export for export, _ in tried[2:]] == ["unrolled", "unrolled"]


def test_without_representative_data_no_integers_are_tried() -> None:
    asked = (ExportKind.STEP, Precision.FLOAT32)
    tried = to_try(Others(tuple(way for way in WAYS if way != asked)), asked, calibrated=False)
    assert tried
    assert {of for _, of in tried} == {"float32"}


def test_another_export_has_the_same_activations() -> None:
    tried = to_try(Others(OPEN, {"gelu": "silu"}, ("head",)), ASKED, calibrated=True)
    assert [of for _, of in tried] == ["int8", "float32"]


def gelu(x: Any) -> Any:
    return x


def tanh(x: Any) -> Any:
    return x


def test_activations_of_layers_and_cells_are_found_and_replaced() -> None:
    dense = SimpleNamespace(name="dense", activation=gelu)
    cell = SimpleNamespace(activation=gelu, recurrent_activation=tanh)
    rnn = SimpleNamespace(name="rnn", cell=cell, activation=gelu)
    plain = SimpleNamespace(name="plain", activation=tanh)
    layers = [dense, rnn, plain]
    assert replaceable(iter(layers)) == {"gelu": ["dense", "rnn"]}
    replace(iter(layers), {"gelu": tanh})
    assert replaceable(iter(layers)) == {}
    assert dense.activation is tanh
    assert cell.activation is tanh
