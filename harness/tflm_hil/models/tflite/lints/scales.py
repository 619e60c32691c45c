"""Scales that do not belong together, where an integer kernel takes for granted that they do."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.models.tflite.lints.finding import Finding, inputs_of, outputs_of, place
from tflm_hil.models.tflite.origin import FUSED_LSTM, use_export
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.vocabulary import ExportKind, Severity, StateBasis

# input, weights and bias of the operators that add a bias on the scale s_input · s_weights
BIASED = {"FULLY_CONNECTED": (0, 1, 2), "CONV_2D": (0, 1, 2), "DEPTHWISE_CONV_2D": (0, 1, 2)}

# Converters write the product in float32, so an honest bias is at most a rounding away.
BIAS_TOLERANCE = 1e-5

# Operators that divide by the scales of their inputs.
SCALED = ("ADD", "SUB", "MUL")
INTEGERS = ("int8", "int16")

FUSED_OUTPUT_STATE = 18


def state_scales(model: Inspection) -> Iterator[Finding]:
    """A single-step state whose two ends differ: bytes fed back as they are mean other numbers."""
    for pair in state_pairs(model):
        if pair.exchangeable:
            continue
        given, taken = pair.output_quantization, pair.input_quantization
        if given.dtype != taken.dtype:
            what = f"comes out as {given.dtype} and goes in as {taken.dtype}"
        else:
            what = (
                f"comes out on scale {given.scale:.6g}, zero point {given.zero_point}, and goes in"
                f" on {taken.scale:.6g}, zero point {taken.zero_point}"
            )
        yield Finding(
            "state-scales", Severity.ERROR,
            f"state {pair.name} {what}: fed back byte for byte, it drifts away",
            "requantise it between steps, or convert with `hil convert --export step`, which puts"
            " a QUANTIZE into the model"
            if pair.basis is StateBasis.SIGNATURE and model.origin is None
            else "requantise it between steps, as `hil run` does on every rung",
            0,
        )  # fmt: skip


def fused_state_scales(model: Inspection) -> Iterator[Finding]:
    """A fused LSTM writes its output into its state: one set of bytes for two scales."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            if operator.name != FUSED_LSTM:
                continue
            other = use_export(model, (ExportKind.SHIFT, ExportKind.STEP))
            inputs, (output,) = inputs_of(graph, operator), outputs_of(graph, operator)
            state = inputs[FUSED_OUTPUT_STATE]
            if state is None or (state.scale, state.zero_point) == (
                output.scale, output.zero_point,
            ):  # fmt: skip
                continue
            yield Finding(
                "fused-state-scales", Severity.ERROR,
                f"{place(graph, operator)} has its output on scale {output.scale:.6g}, zero point"
                f" {output.zero_point}, and its output state on {state.scale:.6g}, zero point"
                f" {state.zero_point}; the kernel copies bytes from one to the other",
                "convert again with more representative data"
                + (f", or use {other}" if other else ""),
                graph.index, operator.index,
            )  # fmt: skip


def bias_scale(model: Inspection) -> Iterator[Finding]:
    """A bias that is on another scale than the sum that it is added to."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            worst = _bias_error(graph, operator)
            other = use_export(model, (ExportKind.STEP, ExportKind.SHIFT))
            if worst > BIAS_TOLERANCE:
                yield Finding(
                    "bias-scale", Severity.ERROR,
                    f"{place(graph, operator)} adds a bias whose scale is {worst:.2%} away from"
                    " input scale by weight scale: the converter let operators share a bias that"
                    " they cannot share, and the sums are wrong",
                    f"use {other}" if other
                    else "set reset_after=False of GRUs, and train again: with True, unrolled in"
                    " int16x8, they are known for this",
                    graph.index, operator.index,
                )  # fmt: skip


def zero_scale(model: Inspection) -> Iterator[Finding]:
    """A constant of zeros on scale 0, as int16x8 conversion makes of a bias that ADD adds."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            taken = [item for item in inputs_of(graph, operator) if item is not None]
            zero = [item for item in taken if item.type in INTEGERS and item.scales == (0.0,)]
            if operator.name in SCALED and zero:
                yield Finding(
                    "zero-scale", Severity.ERROR,
                    f"{place(graph, operator)} takes {zero[0].name} ({zero[0].type}) on scale 0:"
                    " desktop TFLM ends its process on the division, and the model cannot be run",
                    "give the layer no bias (use_bias=False) or one that is not all zero, as"
                    " training does, and convert again",
                    graph.index, operator.index,
                )  # fmt: skip


def per_channel_int16(model: Inspection) -> Iterator[Finding]:
    """int16 fully connected with a scale per channel: reference kernels only."""
    dense = []
    for graph in model.subgraphs:
        for operator in graph.operators:
            if operator.name != "FULLY_CONNECTED":
                continue
            source, weights = inputs_of(graph, operator)[:2]
            if source and weights and source.type == "int16" and len(weights.scales) > 1:
                dense.append((graph, operator))
    if dense:
        graph, operator = dense[0]
        yield Finding(
            "per-channel-int16", Severity.WARNING,
            f"{len(dense)} FULLY_CONNECTED with int16 activations have one weight scale per channel"
            f" (first: {place(graph, operator)}); CMSIS-NN refuses to load them",
            "set _experimental_disable_per_channel_quantization_for_dense_layers of the converter;"
            " `hil convert --to int16x8` does",
            graph.index, operator.index,
        )  # fmt: skip


def _bias_error(graph: Subgraph, operator: Operator) -> float:
    """Largest relative distance of a bias scale from its product, 0 where there is none."""
    places = BIASED.get(operator.name)
    tensors = inputs_of(graph, operator)
    if places is None or len(tensors) <= max(places):
        return 0.0
    source, weights, bias = (tensors[index] for index in places)
    if source is None or weights is None or bias is None or not _integer_sum(source, bias):
        return 0.0
    product = np.float64(source.scale) * np.asarray(weights.scales, np.float64)
    if bias.scales and product.size and np.all(product > 0):
        bias_scales = np.asarray(bias.scales, np.float64)
        if bias_scales.size in (1, product.size) or product.size == 1:
            return float(np.max(np.abs(bias_scales - product) / product))
        return math.inf
    return 0.0


def _integer_sum(source: Tensor, bias: Tensor) -> bool:
    return source.type in ("int8", "int16") and bias.type in ("int32", "int64")
