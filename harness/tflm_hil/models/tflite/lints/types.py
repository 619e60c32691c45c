"""Float arithmetic where integers were asked for, and integer weights where floats come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tflm_hil.models.tflite.inspect import Inspection, Tensor
from tflm_hil.models.tflite.lints.finding import Finding, inputs_of, outputs_of, place
from tflm_hil.models.tflite.origin import use_export
from tflm_hil.vocabulary import ExportKind, Severity

INTEGERS = ("int8", "int16")

# Not computing: the way into and out of float, and what only runs other subgraphs.
BRIDGES = frozenset({"QUANTIZE", "DEQUANTIZE", "WHILE", "IF", "CALL_ONCE"})

# Moves elements and computes nothing: costs memory, not accuracy.
MOVES = frozenset(
    {
        "CONCATENATION", "EXPAND_DIMS", "GATHER", "PACK", "RESHAPE", "REVERSE_V2", "SLICE", "SPLIT",
        "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE", "UNPACK",
    }
)  # fmt: skip

WEIGHTED = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "UNIDIRECTIONAL_SEQUENCE_LSTM")


def float_island(model: Inspection) -> Iterator[Finding]:
    """Operators in float32 in a model whose inputs and outputs are integers."""
    ends = (*model.inputs, *model.outputs)
    if not ends or not all(tensor.type in INTEGERS for tensor in ends):
        return
    for moving in (False, True):
        floats = [
            (graph, operator)
            for graph in model.subgraphs
            for operator in graph.operators
            if operator.name not in BRIDGES
            and (operator.name in MOVES) == moving
            and any(tensor.type == "float32" for tensor in outputs_of(graph, operator))
        ]
        if not floats:
            continue
        counts = Counter(operator.name for _, operator in floats)
        names = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        graph, operator = floats[0]
        does = "move float32 elements" if moving else "compute in float32"
        if len(floats) == 1:
            does = "moves float32 elements" if moving else "computes in float32"
        yield Finding(
            "float-island", Severity.NOTE if moving else Severity.WARNING,
            f"{len(floats)} operator{'s' * (len(floats) > 1)} of a model with integer inputs and"
            f" outputs {does} ({names}; first: {place(graph, operator)})",
            _of_island(model, moving=moving),
            graph.index, operator.index,
        )  # fmt: skip


def _of_island(model: Inspection, *, moving: bool) -> str:
    other = use_export(model, (ExportKind.SHIFT, ExportKind.STEP))
    if moving:
        costs = ": it costs four times the memory, nothing else"
        return f"leave it, or try {other}{costs}" if other else f"leave it{costs}"
    slow = "as it is, the model is slow without an FPU, and not bit-exact between targets"
    if other:
        return f"try {other}, whose cells have no SPLIT: {slow}"
    return f"replace the layer that makes them, if it matters: {slow}"


def hybrid(model: Inspection) -> Iterator[Finding]:
    """Dynamic range quantisation: float activations on int8 weights."""
    hybrids = [
        (graph, operator)
        for graph in model.subgraphs
        for operator in graph.operators
        if operator.name in WEIGHTED and _is_hybrid(inputs_of(graph, operator))
    ]
    if hybrids:
        graph, operator = hybrids[0]
        yield Finding(
            "hybrid", Severity.ERROR,
            f"{len(hybrids)} operators take float32 activations and int8 weights (first:"
            f" {place(graph, operator)}): dynamic range quantisation, for which TFLM has no"
            " kernels",
            "convert to int8 with representative data, or to float32",
            graph.index, operator.index,
        )  # fmt: skip


def half_floats(model: Inspection) -> Iterator[Finding]:
    """Weights kept as float16, which a DEQUANTIZE is to widen: TFLM has no such kernel."""
    halves = [
        (graph, operator)
        for graph in model.subgraphs
        for operator in graph.operators
        if any(item is not None and item.type == "float16" for item in inputs_of(graph, operator))
    ]
    if halves:
        graph, operator = halves[0]
        yield Finding(
            "half-floats", Severity.ERROR,
            f"{len(halves)} operators take float16 (first: {place(graph, operator)}): weights"
            " converted to half precision, which TFLM has no kernels for",
            "leave target_spec.supported_types alone: convert to float32, or to int8 with"
            " representative data",
            graph.index, operator.index,
        )  # fmt: skip


def _is_hybrid(tensors: Sequence[Tensor | None]) -> bool:
    types = [tensor.type if tensor else "" for tensor in tensors]
    return bool(types) and types[0] == "float32" and "int8" in types[1:]
