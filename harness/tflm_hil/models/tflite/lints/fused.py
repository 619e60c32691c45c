"""What the fused LSTM does and Keras does not."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.lints.finding import Finding, place
from tflm_hil.models.tflite.origin import FUSED_LSTM, use_export
from tflm_hil.vocabulary import ExportKind, Severity


def cell_clip(model: Inspection) -> Iterator[Finding]:
    """A clip of the cell state: Keras has none, so a cell that integrates far parts there."""
    for graph in model.subgraphs:
        for operator in graph.operators:
            other = use_export(model, (ExportKind.SHIFT, ExportKind.STEP))
            clip = operator.options.get("cellClip", 0.0) if operator.name == FUSED_LSTM else 0.0
            if clip:
                yield Finding(
                    "cell-clip", Severity.NOTE,
                    f"{place(graph, operator)} clips its cell state at ±{clip:g}; Keras does not,"
                    " and a cell that integrates further gives another answer there (up to the"
                    " opposite sign)",
                    "check that the cell state stays inside on real data"
                    + (f", or use {other}" if other else ""),
                    graph.index, operator.index,
                )  # fmt: skip
