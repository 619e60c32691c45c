"""The suspects: mistakes that make a recurrent network wrong without any error message.

Each computes what the network would put out if that mistake had been made. At equal merit the
suspect with fewer figures to fit, then the earlier one, is believed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tflm_hil.explain import cell_suspects, input_suspects, state_suspects
from tflm_hil.explain.case import Case
from tflm_hil.explain.fit import Explanation, Observed

Explain = Callable[[Case, Observed], Explanation | None]


@dataclass(frozen=True)
class Suspect:
    """`number` in the list of silent failures, `name` as a clause, how it explains, a remedy."""

    number: int
    name: str
    explain: Explain
    remedy: str


SUSPECTS = (
    Suspect(1, "state leaks", state_suspects.state_leaks, "Send RESET before every sequence."),
    Suspect(2, "state is lost", state_suspects.state_lost, "Keep the state from Invoke to Invoke."),
    Suspect(3, "initial state is ignored", state_suspects.initial_state_ignored,
            "Set the state after RESET, which makes it zero."),
    Suspect(5, "state is fed back on another scale", state_suspects.state_scale,
            "Requantise between state output and state input; `hil inspect` lints their scales."),
    Suspect(6, "states h and c are swapped", state_suspects.states_swapped,
            "Bind states by signature name, not by tensor order."),
    Suspect(7, "output is read on the scale of another tensor", cell_suspects.output_scale,
            "Give output and output state one scale; `hil inspect` lints them."),
    Suspect(8, "bias is on the wrong scale", cell_suspects.bias_scale,
            "Export the single step, or GRU with reset_after=False; `hil inspect` lints it."),
    Suspect(9, "cell state is clipped", state_suspects.cell_clipped,
            "Keep |c| below the bound, or export without the fused operator."),
    Suspect(10, "error grows with the length", state_suspects.dynamics,
            "Quantise the state finer (int16), or reset it more often."),
    Suspect(11, "calibration range is too narrow", input_suspects.range_too_narrow,
            "Calibrate with data as large as those in use."),
    Suspect(12, "normalisation differs", input_suspects.normalisation,
            "Use the training's mean and scale on the device."),
    Suspect(13, "feature order differs", input_suspects.feature_order,
            "Check order, stride and byte order of a step's elements."),
    Suspect(14, "sequence is shifted in time", input_suspects.step_shifted,
            "Check where the window starts, and its direction."),
    Suspect(15, "time and features are exchanged", input_suspects.time_major,
            "The device reads [time, features], features contiguous."),
    Suspect(16, "mask is ignored", input_suspects.mask_ignored,
            "Stop at the sequence's length, or keep the state during padding."),
    Suspect(17, "gate order differs", cell_suspects.gate_order,
            "Keras has z, r, h (GRU) and i, f, c, o (LSTM)."),
    Suspect(18, "bias or reset of the cell differs", cell_suspects.reset_or_bias,
            "Check use_bias and reset_after of the exported layer."),
    Suspect(19, "activation differs", cell_suspects.activation,
            "Keras 2 and Keras 3 call two functions hard_sigmoid; name the one you mean."),
    Suspect(21, "memory is overwritten", state_suspects.memory_overlap,
            "Check the memory planner, and scratch buffers and DMA that write past their end."),
    Suspect(23, "backward half is wrong", cell_suspects.backward_half,
            "Test with a palindrome: both halves must see the same."),
    Suspect(24, "decoder starts wrongly", state_suspects.decoder_seed,
            "Hand over the encoder's state, and give the start symbol first."),
)  # fmt: skip
