"""Outputs in the order of the Keras model, states last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.output_order import order_outputs

SHIFT = Path(__file__).parents[4] / "fixtures/models/stateful_lstm/float32-shift.tflite"


def renamed(**names: str) -> bytes:
    """The model with other names for outputs of its signature."""
    editor = Editor(SHIFT.read_bytes())
    for entry in editor.model.signatureDefs[0].outputs:
        entry.name = names.get(entry.name.decode(), entry.name.decode()).encode()
    return editor.content()


def order(content: bytes) -> list[str]:
    """Signature names in the interpreter's order."""
    model = inspect(content)
    by_tensor = {tensor: name for name, tensor in model.signatures[0].outputs.items()}
    return [by_tensor[tensor] for tensor in model.subgraphs[0].outputs]


def test_numbers_say_the_order_and_states_come_last() -> None:
    swapped = renamed(y="y1", c_next="y0")
    assert sorted(order(swapped)) == ["h_next", "y0", "y1"]
    assert order(order_outputs(swapped)) == ["y0", "y1", "h_next"]
    other = renamed(y="output_0", c_next="output_1")
    assert order(order_outputs(other)) == ["output_0", "output_1", "h_next"]


def test_a_single_output_stays_where_it_is() -> None:
    content = SHIFT.read_bytes()
    assert order_outputs(content) is content


def test_a_state_that_is_an_output_too_stands_there_twice() -> None:
    editor = Editor(SHIFT.read_bytes())
    signature, graph = editor.model.signatureDefs[0], editor.model.subgraphs[0]
    (state,) = [entry for entry in signature.outputs if entry.name == b"c_next"]
    again = editor.schema.TensorMapT()
    again.name, again.tensorIndex = b"y1", state.tensorIndex
    signature.outputs = [*signature.outputs, again]
    for entry in signature.outputs:
        entry.name = entry.name.replace(b"y", b"y0") if entry.name == b"y" else entry.name
    graph.outputs = np.array([*graph.outputs, state.tensorIndex], np.int32)[::-1]
    model = inspect(order_outputs(editor.content()))
    signed = model.signatures[0].outputs
    names = ("y0", "y1", "c_next", "h_next")
    assert sorted(model.subgraphs[0].outputs[2:]) == sorted(signed[name] for name in names[2:])
    assert list(model.subgraphs[0].outputs[:2]) == [signed["y0"], signed["y1"]]
