"""Shapes that are not known before the model runs: TFLM plans its memory once and has no others."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.models.tflite.lints.finding import Finding
from tflm_hil.models.tflite.origin import use_export
from tflm_hil.vocabulary import ExportKind, Severity

# Operators whose output is as large as one of their inputs says, and the number of that input.
SIZED_BY = {"FILL": 0, "BROADCAST_TO": 1, "TILE": 1}


def dynamic_batch(model: Inspection) -> Iterator[Finding]:
    """An input whose batch is open, or the SHAPE → … → FILL that such a batch leaves behind."""
    main = model.subgraphs[0]
    remedy = (
        "use `hil convert MODEL.tflite --batch 1`, or convert the Keras model with `hil convert`"
    )
    for index in main.inputs:
        tensor = main.tensors[index]
        if -1 in tensor.shape_signature[1:]:
            yield Finding(
                "dynamic-batch", Severity.WARNING,
                f"input {tensor.name} has the open shape {_shape(tensor)} and runs as"
                f" {list(tensor.shape)}: a microcontroller has no other, whatever is fed",
                "fix the shape of the input before conversion, the length of a sequence too", 0,
            )  # fmt: skip
        elif -1 in tensor.shape_signature:
            yield Finding(
                "dynamic-batch", Severity.NOTE,
                f"input {tensor.name} has the open shape {_shape(tensor)} and runs as"
                f" {list(tensor.shape)}",
                remedy, 0,
            )  # fmt: skip
    sized = [op for op in main.operators if _is_sized_at_run_time(main, op)]
    if sized:
        names = ", ".join(f"{op.name} #{op.index}" for op in sized[:4])
        yield Finding(
            "dynamic-batch", Severity.ERROR,
            f"the size of a tensor is computed while the model runs ({names}); TFLM refuses"
            " dynamic tensors",
            remedy, 0, sized[0].index,
        )  # fmt: skip


def _is_sized_at_run_time(graph: Subgraph, operator: Operator) -> bool:
    place = SIZED_BY.get(operator.name)
    if place is None or place >= len(operator.inputs):
        return False
    size = graph.tensors[operator.inputs[place]]
    return size.constant_bytes == 0 and size.shape != (0,)


def dynamic_shape_in_loop(model: Inspection) -> Iterator[Finding]:
    """Tensors of open shape in a subgraph: TFLM loads them, then hangs or computes garbage."""
    for graph in model.subgraphs[1:]:
        open_tensors = _open_tensors(graph)
        if not open_tensors:
            continue
        other = use_export(model, (ExportKind.SHIFT, ExportKind.UNROLLED))
        names = ", ".join(f"{_short(tensor.name)} {_shape(tensor)}" for tensor in open_tensors[:3])
        yield Finding(
            "dynamic-shape-in-loop", Severity.ERROR,
            f"subgraph {graph.index} ({graph.name}) holds {len(open_tensors)} tensors of open shape"
            f" ({names}): TFLM allocates them without a word, then hangs or returns garbage"
            " (tflite-micro issue 3674)",
            f"use {other}, whose shapes are static" if other
            else "give every tensor in the loop a static shape, and convert again",
            graph.index,
        )  # fmt: skip


def _open_tensors(graph: Subgraph) -> list[Tensor]:
    return [tensor for tensor in graph.tensors if -1 in tensor.shape_signature]


def _shape(tensor: Tensor) -> str:
    return "[" + ",".join("?" if size < 0 else str(size) for size in tensor.shape_signature) + "]"


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1] or name
