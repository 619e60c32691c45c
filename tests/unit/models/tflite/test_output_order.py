"""Outputs in the order of the Keras model, states last."""

from __future__ import annotations

from pathlib import Path

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
