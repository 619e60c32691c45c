"""Constants of a model that make numbers that are none: NaN anywhere, infinity in a product.

Infinity elsewhere is meant: a mask that is added, the lower end of a clip.
"""

from __future__ import annotations

from tflm_hil.models.tflite.inspect import Inspection, Subgraph, Tensor

PRODUCTS = frozenset(
    {"FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "BATCH_MATMUL", "SVDF",
     "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "LSTM", "RNN",
     "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN"}
)  # fmt: skip


def spoilt_constants(model: Inspection) -> tuple[tuple[Subgraph, Tensor], ...]:
    """Those that an operator reads, with their graphs."""
    return tuple(
        (graph, tensor)
        for graph in model.subgraphs
        for tensor in graph.tensors
        if (tensor.nan_values or tensor.infinite_values) and _spoils(graph, tensor)
    )


def _spoils(graph: Subgraph, tensor: Tensor) -> bool:
    takers = [op.name for op in graph.operators if tensor.index in op.inputs]
    return any(tensor.nan_values or name in PRODUCTS for name in takers)
