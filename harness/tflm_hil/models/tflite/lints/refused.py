"""What an engine said when it was to load a model, as a finding.

The engines themselves know best what they refuse: a rank, a type, scales. They are asked on the
desktop (`tflm_hil.run.trial`), and what they answer is completed here by what the file knows: the
tensors of the operator, with types, shapes and scales, and the Keras layer that it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.models.tflite.lints.finding import Finding, inputs_of, outputs_of, place
from tflm_hil.vocabulary import Severity

ENGINE_REFUSES = "engine-refuses"
DESKTOP_REFUSES = "desktop-tflm-refuses"
SHOWN = 3  # tensors on either side
MAX_RANK = 4  # of what TFLM's kernels take

# Parts of tensor names that the frameworks put in; what is left begins with the layer.
_NO_LAYER = (
    "sequential",
    "functional",
    "model",
    "StatefulPartitionedCall",
    "arith.constant",
    "tfl.",
)


class LoadStatus(StrEnum):
    """Why it was not loaded, as engine::Status has it, and what only a desktop can say."""

    CORRUPT_MODEL = "corrupt_model"
    UNSUPPORTED_SCHEMA = "unsupported_schema"
    UNSUPPORTED_OPERATOR = "unsupported_operator"
    UNSUPPORTED_TYPE = "unsupported_type"
    UNSUPPORTED_SHAPE = "unsupported_shape"
    UNSUPPORTED_OPTION = "unsupported_option"
    REFUSED = "refused"  # desktop TFLM gives no reason but its text
    CRASHED = "crashed"  # it ended its process


@dataclass(frozen=True)
class LoadRefusal:
    """`said` is the engine's own sentence; operator -1: none in particular. Desktop TFLM does not
    name the subgraph: there `operator_name` is known, and the subgraph is -1.
    """

    status: LoadStatus
    said: str
    subgraph: int = -1
    operator: int = -1
    operator_name: str = ""


def finding(model: Inspection, refusal: LoadRefusal, *, by: str, code: str) -> Finding:
    """`by` is the engine, in words."""
    where = _operator(model, refusal)
    if where is None:
        sentence = f"{by} does not take the model: {refusal.said}"
    else:
        graph, operator = where
        layer = layer_of(graph, operator)
        of_layer = f" (Keras layer {layer})" if layer else ""
        sentence = (
            f"{place(graph, operator)}{of_layer}: {by} does not take it: {refusal.said}; it is fed"
            f" {_tensors(inputs_of(graph, operator))} and gives"
            f" {_tensors(outputs_of(graph, operator))}"
        )
    remedy = _remedy(refusal, where)
    graph_index = -1 if where is None else where[0].index
    return Finding(code, Severity.ERROR, sentence, remedy, graph_index, refusal.operator)


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


def _operator(model: Inspection, refusal: LoadRefusal) -> tuple[Subgraph, Operator] | None:
    for graph in model.subgraphs:
        if refusal.subgraph not in (-1, graph.index):
            continue
        if 0 <= refusal.operator < len(graph.operators):
            operator = graph.operators[refusal.operator]
            if refusal.operator_name in ("", operator.name):
                return graph, operator
    return None


def _tensors(tensors: Sequence[Tensor | None]) -> str:
    known = [tensor for tensor in tensors if tensor is not None]
    if not known:
        return "nothing"
    words = [_tensor(tensor) for tensor in known[:SHOWN]]
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"{', '.join(words)}{more}"


def _tensor(tensor: Tensor) -> str:
    scale = f" on scale {tensor.scale:.4g}" if tensor.scale else ""
    return f"{tensor.type} {list(tensor.shape)}{scale}"


def _remedy(refusal: LoadRefusal, where: tuple[Subgraph, Operator] | None) -> str:
    tensors = [] if where is None else [*inputs_of(*where), *outputs_of(*where)]
    types = {tensor.type for tensor in tensors if tensor is not None}
    rank = max((len(tensor.shape) for tensor in tensors if tensor is not None), default=0)
    name = "" if where is None else where[1].name
    if refusal.status is LoadStatus.CORRUPT_MODEL:
        return "convert the model again: the file is damaged"
    if refusal.status is LoadStatus.UNSUPPORTED_SCHEMA:
        return "convert the model again with a current TensorFlow, which writes schema 3"
    if name in ("QUANTIZE", "DEQUANTIZE") and "uint8" in types:
        return (
            "leave fake-quantisation layers out and convert the float model: to float32, or to int8"
            " with representative data"
        )
    if rank > MAX_RANK:
        return "bring its tensors to four dimensions, the batch included: reshape or merge axes"
    if refusal.status is LoadStatus.UNSUPPORTED_OPTION and types & {"int8", "int16"}:
        return (
            "convert to float32, or scale the features alike before the model, so that the ranges"
            " of its tensors do not differ by orders of magnitude"
        )
    replace = "replace the layer that makes the operator"
    return f"convert to float32, or {replace}" if types & {"int8", "int16"} else replace
