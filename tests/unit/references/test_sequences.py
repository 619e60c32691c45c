"""Feeding sequences: order, resets, steps, shapes. The interpreters: tests/integration."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.models.tflite.layout import InputTensor, Layout
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.references.records import DIFFERS_AGAIN
from tflm_hil.references.sequences import run_sequences
from tflm_hil.references.serving import Work, run_jobs


class RunningSum:
    """A network with a state: it puts out the sum of all it has seen since its reset."""

    def __init__(self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> None:
        quantization = Quantization("int8", 0.5, 0)
        self.inputs = Layout((InputTensor("x", input_shape, quantization),))
        self.output_quantizations: tuple[Quantization, ...] = (Quantization("int16", 0.5, 0),)
        self.circumstances: dict[str, str] = {}
        self._output_shape = output_shape
        self._sum = 99

    def reset(self) -> None:
        self._sum = 0

    def invoke(self, blocks: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        (block,) = blocks
        assert block.shape == self.inputs.tensors[0].shape
        assert block.dtype == np.int8
        self._sum += int(block.sum())
        return [np.full(self._output_shape, self._sum, np.int16)]


INPUTS = np.array([[[0.5], [1.0]], [[1.5], [2.0]]], np.float32)  # stored: 1 2 | 3 4


def test_whole_window_with_a_reset_before_each() -> None:
    (tensor,) = run_sequences(RunningSum((1, 2, 1), (1, 3)), INPUTS, carry=False)
    assert tensor.stored.tolist() == [[3, 3, 3], [7, 7, 7]]
    assert (tensor.scale, tensor.per_step) == (0.5, False)


def test_carry_resets_once_before_the_first() -> None:
    (tensor,) = run_sequences(RunningSum((1, 2, 1), (1, 3)), INPUTS, carry=True)
    assert tensor.stored[:, 0].tolist() == [3, 10]


def test_single_step_model_is_invoked_once_a_step() -> None:
    (tensor,) = run_sequences(RunningSum((1, 1), (1, 1)), INPUTS, carry=False)
    assert tensor.stored.tolist() == [[[1], [3]], [[3], [7]]]
    assert tensor.per_step


def test_single_step_carry() -> None:
    (tensor,) = run_sequences(RunningSum((1, 1), (1, 1)), INPUTS, carry=True)
    assert tensor.stored.reshape(-1).tolist() == [1, 3, 6, 10]


def test_an_output_without_axes_is_one_value() -> None:
    (tensor,) = run_sequences(RunningSum((1, 2, 1), ()), INPUTS, carry=False)
    assert tensor.values.tolist() == [[1.5], [3.5]]


class TokensAndScale:
    """Two inputs of different types and shapes: token ids, and what each counts."""

    def __init__(self) -> None:
        self.inputs = Layout(
            (
                InputTensor("tokens", (1, 2), Quantization("int32")),
                InputTensor("scale", (1, 1), Quantization("int8", 0.5, 0)),
            )
        )
        self.output_quantizations: tuple[Quantization, ...] = (Quantization("int32"),)
        self.circumstances: dict[str, str] = {}

    def reset(self) -> None:
        pass

    def invoke(self, blocks: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        tokens, scale = blocks
        assert tokens.dtype == np.int32
        assert scale.dtype == np.int8
        return [(tokens.sum(axis=1, keepdims=True) * scale).astype(np.int32)]


def test_several_inputs_are_taken_apart_step_by_step() -> None:
    packed = np.array([[[70000, 1, 0.5], [2, 2, 1.0]]])
    (tensor,) = run_sequences(TokensAndScale(), packed, carry=False)
    assert tensor.stored.reshape(-1).tolist() == [70001, 8]


def test_sequence_output_of_one_invoke_is_per_step() -> None:
    (tensor,) = run_sequences(RunningSum((1, 2, 1), (1, 2, 5)), INPUTS, carry=False)
    assert tensor.stored.shape == (2, 2, 5)
    assert tensor.per_step


def test_outputs_are_dequantised_for_the_comparison() -> None:
    (tensor,) = run_sequences(RunningSum((1, 2, 1), (1, 1)), INPUTS, carry=False)
    assert tensor.values.tolist() == [[1.5], [3.5]]


def test_a_sequence_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="not a multiple of input"):
        run_sequences(RunningSum((1, 3, 1), (1, 1)), INPUTS, carry=False)


def test_one_bad_job_does_not_stop_the_others() -> None:
    def run(work: Work, inputs: NDArray[Any]) -> Any:
        if work.model.name == "bad":
            raise RuntimeError("no such operator")
        return run_sequences(RunningSum((1, 2, 1), (1, 1)), inputs, carry=work.carry), {"k": "v"}

    common = {"framework": "tflm", "custom": "", "inputs": "x", "mode": "reset_each"}
    jobs = [{"model": name, **common} for name in ("bad", "good")]
    bad, good = run_jobs({"jobs": jobs}, {"x": INPUTS}, run)
    assert bad == ({"error": "RuntimeError: no such operator", "remedy": ""}, {})
    assert good[0]["circumstances"] == {"k": "v"}
    assert list(good[1]) == ["0"]


class Forgetful(RunningSum):
    """Its reset works once."""

    _resets = 0

    def reset(self) -> None:
        self._resets += 1
        if self._resets == 1:
            super().reset()


def test_a_reference_that_differs_when_run_again_says_so() -> None:
    sound, forgetful = (kind((1, 2, 1), (1, 3)) for kind in (RunningSum, Forgetful))
    run_sequences(sound, INPUTS, carry=True)
    run_sequences(forgetful, INPUTS, carry=True)
    assert DIFFERS_AGAIN not in sound.circumstances
    # 3 at first; after 1 + 2 + 3 + 4 without a reset 13
    assert float(forgetful.circumstances[DIFFERS_AGAIN]) == 10
