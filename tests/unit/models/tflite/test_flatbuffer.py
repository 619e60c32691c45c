"""Changes of a `.tflite` that need no converter."""

from __future__ import annotations

from pathlib import Path

from tflm_hil.models.tflite.flatbuffer import LEAST_CELL_SCALE, LSTM_CELL_STATE, Editor

FUSED = Path(__file__).parents[4] / "fixtures" / "models" / "digits_lstm" / "int8-fused.tflite"


def cell_scale(editor: Editor) -> float:
    (graph,) = editor.model.subgraphs
    (lstm,) = [item for item in graph.operators if len(item.inputs) > LSTM_CELL_STATE]
    return float(graph.tensors[lstm.inputs[LSTM_CELL_STATE]].quantization.scale[0])


def with_cell_scale(scale: float) -> Editor:
    editor = Editor(FUSED.read_bytes())
    (graph,) = editor.model.subgraphs
    (lstm,) = [item for item in graph.operators if len(item.inputs) > LSTM_CELL_STATE]
    graph.tensors[lstm.inputs[LSTM_CELL_STATE]].quantization.scale = [scale]
    return editor


def test_a_cell_gets_a_scale_of_which_tflite_computes_the_tanh() -> None:
    """Its kernel returns without a result below 2^-15."""
    editor = with_cell_scale(2.0**-16)
    editor.repair_lstm_scales()
    assert cell_scale(Editor(editor.content())) == LEAST_CELL_SCALE == 2.0**-15


def test_a_larger_scale_stays() -> None:
    editor = with_cell_scale(2.0**-12)
    editor.repair_lstm_scales()
    assert cell_scale(editor) == 2.0**-12
