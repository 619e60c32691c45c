"""The Keras layer that an operator comes from, as the names in the graph tell."""

from __future__ import annotations

from tflm_hil.models.tflite.inspect import Operator, Subgraph, Tensor
from tflm_hil.models.tflite.lints.finding import outputs_of

# Parts of tensor names that the frameworks put in; what is left begins with the layer.
_NO_LAYER = (
    "sequential",
    "functional",
    "model",
    "StatefulPartitionedCall",
    "arith.constant",
    "tfl.",
)


def layer_of(graph: Subgraph, operator: Operator) -> str:
    """The Keras layer that an operator comes from, as the names of its outputs tell; else ""."""
    root = _root(graph)
    for tensor in outputs_of(graph, operator):
        parts = _parts(tensor)
        while len(parts) > 1 and (parts[0] == root or parts[0].startswith(_NO_LAYER)):
            parts.pop(0)
        if len(parts) > 1:
            return parts[0]
    return ""


def _parts(tensor: Tensor) -> list[str]:
    """Of "model/lstm_1/while/add;model/lstm_1/bias", where the converter joined operators, the
    first name.
    """
    return [part for part in tensor.name.split(";")[0].split("/") if part]


def _root(graph: Subgraph) -> str:
    """The name of the model, if all names begin with it, and several layers come behind it."""
    paths = [parts for tensor in graph.tensors if len(parts := _parts(tensor)) > 1]
    roots, layers = {parts[0] for parts in paths}, {parts[1] for parts in paths}
    return roots.pop() if len(roots) == 1 and len(layers) > 1 else ""
