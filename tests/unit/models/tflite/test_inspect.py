"""Inspection of the shipped flatbuffers, and of damaged ones."""

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflm_hil.errors import CorruptModel
from tflm_hil.models.tflite.inspect import inspect

ZOO = Path(__file__).parents[4] / "fixtures" / "models"
FUSED = (ZOO / "digits_lstm" / "int8-fused.tflite").read_bytes()


def test_fused_lstm() -> None:
    model = inspect(FUSED)
    assert model.version == 3
    assert model.operator_counts == {
        "UNIDIRECTIONAL_SEQUENCE_LSTM": 1,
        "STRIDED_SLICE": 1,
        "FULLY_CONNECTED": 1,
        "SOFTMAX": 1,
    }
    (rows,), (output,) = model.inputs, model.outputs
    assert (rows.type, rows.shape, rows.zero_point) == ("int8", (1, 8, 8), -128)
    assert rows.scale == pytest.approx(1 / 255)
    assert (output.shape, output.scale, output.zero_point) == ((1, 10), 1 / 256, -128)


def test_states_of_the_fused_lstm_are_variables() -> None:
    variables = [tensor for tensor in inspect(FUSED).subgraphs[0].tensors if tensor.variable]
    assert [tensor.shape for tensor in variables] == [(1, 20), (1, 20)]
    assert [tensor.type for tensor in variables] == ["int8", "int16"]


def test_left_out_inputs_are_minus_one() -> None:
    lstm = inspect(FUSED).subgraphs[0].operators[0]
    assert lstm.inputs[9:12] == (-1, -1, -1)  # no peephole weights


def test_a_loop_has_subgraphs() -> None:
    model = inspect((ZOO / "digits_gru" / "float32-loop.tflite").read_bytes())
    assert len(model.subgraphs) == 3
    assert "WHILE" in {op.name for op in model.subgraphs[0].operators}


@pytest.mark.slow
def test_no_dimension_of_a_shipped_model_is_dynamic() -> None:
    for path in ZOO.glob("*/*.tflite"):
        for graph in inspect(path.read_bytes()).subgraphs:
            assert all(-1 not in tensor.shape_signature for tensor in graph.tensors), path


def test_signature_names_inputs() -> None:
    (signature,) = inspect(FUSED).signatures
    assert signature.inputs == {"input": 0}


def test_neither_tensorflow_nor_the_interpreter_is_imported() -> None:
    inspect(FUSED)
    assert "tensorflow" not in sys.modules
    assert "tflite_micro" not in sys.modules


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 100, b"\0\0\0\0TFL4" + b"\0" * 99])
def test_not_a_model(content: bytes) -> None:
    with pytest.raises(CorruptModel, match="no identifier"):
        inspect(content)


@pytest.mark.parametrize("length", [8, 20, 100, 1000, len(FUSED) // 2])
def test_truncated(length: int) -> None:
    with pytest.raises(CorruptModel, match="damaged or truncated"):
        inspect(FUSED[:length], "fused.tflite")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(FUSED) * 8 - 1))
def test_a_flipped_bit_is_read_or_refused(bit: int) -> None:
    damaged = bytearray(FUSED)
    damaged[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(CorruptModel):  # any other exception fails
        inspect(bytes(damaged))
