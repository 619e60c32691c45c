"""Shapes that are not known before the model runs: TFLM plans its memory once and has no others."""

from __future__ import annotations

from collections.abc import Iterator

from harness.models.inspect import Inspection, Subgraph, Tensor
from harness.models.lints.finding import Finding

# Operators that make a shape while the model runs.
SHAPE_MAKERS = ("SHAPE", "FILL")


def dynamic_batch(model: Inspection) -> Iterator[Finding]:
    """An input whose batch is open, or the SHAPE → … → FILL that such a batch leaves behind."""
    main = model.subgraphs[0]
    remedy = "Fix the batch to 1 before conversion; `hil convert` does."
    for index in main.inputs:
        tensor = main.tensors[index]
        if -1 in tensor.shape_signature:
            yield Finding(
                "dynamic-batch", "error",
                f"input {tensor.name} has the open shape {_shape(tensor)}", remedy, 0,
            )  # fmt: skip
    makers = [op for op in main.operators if op.name in SHAPE_MAKERS]
    if makers:
        names = ", ".join(f"{op.name} #{op.index}" for op in makers[:4])
        yield Finding(
            "dynamic-batch", "error",
            f"shapes are computed while the model runs ({names}); TFLM refuses them as dynamic"
            " tensors",
            remedy, 0, makers[0].index,
        )  # fmt: skip


def dynamic_shape_in_loop(model: Inspection) -> Iterator[Finding]:
    """Tensors of open shape in a subgraph: TFLM loads them, then hangs or computes garbage."""
    for graph in model.subgraphs[1:]:
        found = _open_tensors(graph)
        if not found:
            continue
        names = ", ".join(f"{_short(tensor.name)} {_shape(tensor)}" for tensor in found[:3])
        yield Finding(
            "dynamic-shape-in-loop", "error",
            f"subgraph {graph.index} ({graph.name}) holds {len(found)} tensors of open shape"
            f" ({names}): TFLM allocates them without a word, then hangs or returns garbage"
            " (tflite-micro issue 3674)",
            "Use --export shift, whose loop has static shapes, or unrolled.", graph.index,
        )  # fmt: skip


def _open_tensors(graph: Subgraph) -> list[Tensor]:
    return [tensor for tensor in graph.tensors if -1 in tensor.shape_signature]


def _shape(tensor: Tensor) -> str:
    return "[" + ",".join("?" if size < 0 else str(size) for size in tensor.shape_signature) + "]"


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1] or name
