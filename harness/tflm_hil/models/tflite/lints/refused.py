"""What an engine said when it was to load a model, or to run it once, as a finding.

The engines themselves know best what they refuse: a rank, a type, scales. They are asked on the
desktop (`tflm_hil.run.trial`), and what they answer is completed here by what the file knows: the
tensors of the operator, with types, shapes and scales, and the Keras layer that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.models.tflite.lints.finding import Finding, inputs_of, outputs_of, place
from tflm_hil.models.tflite.lints.layers import layer_of
from tflm_hil.vocabulary import Severity

ENGINE_REFUSES = "engine-refuses"
DESKTOP_REFUSES = "desktop-tflm-refuses"
SHOWN = 3  # tensors on either side
MAX_RANK = 4  # of what TFLM's kernels take

# Operators that fail at some of the numbers that they are given, and what to do about those.
_NOT_ZERO = "keep its divisor from being 0: keras.ops.maximum(x, a small number)"
_INSIDE = "keep indices inside of the table: keras.ops.clip(x, 0, rows - 1)"
BY_VALUE = {
    "DIV": _NOT_ZERO,
    "FLOOR_DIV": _NOT_ZERO,
    "FLOOR_MOD": _NOT_ZERO,
    "RSQRT": "keep its argument above 0: keras.ops.maximum(x, a small number)",
    "GATHER": _INSIDE,
    "GATHER_ND": _INSIDE,
    "EMBEDDING_LOOKUP": _INSIDE,
    "WHILE": "let the loop end whatever its input is: count its turns",
}
# Operators that compute with numbers of a type, so that a cast to another one helps.
ELEMENTWISE = frozenset(
    {
        "ABS", "ADD", "DIV", "EQUAL", "EXP", "FLOOR_DIV", "FLOOR_MOD", "GREATER", "GREATER_EQUAL",
        "LESS", "LESS_EQUAL", "MAXIMUM", "MINIMUM", "MUL", "NEG", "NOT_EQUAL", "PRELU", "ROUND",
        "RSQRT", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB",
    }
)  # fmt: skip


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
    INVOKE_FAILED = "invoke_failed"  # loaded, and an operator failed when it ran
    TOO_LONG = "too_long"  # it did not come to an end


class Feed(StrEnum):
    """What a model is run with once, one after the other until it runs."""

    ZEROS = "zeros"
    ONES = "ones"
    RANDOM = "random numbers"


@dataclass(frozen=True)
class LoadRefusal:
    """`said` is the engine's own sentence; operator -1: none in particular. Desktop TFLM does not
    name the subgraph: there `operator_name` is known, and the subgraph is -1. Of a model that was
    run, `failed_on` are the inputs that it failed with, and `runs_on` a further one, if it ran;
    `of_values`: it failed at numbers, and not at types, which some kernels look at only then.
    """

    status: LoadStatus
    said: str
    subgraph: int = -1
    operator: int = -1
    operator_name: str = ""
    failed_on: tuple[Feed, ...] = ()
    runs_on: Feed | None = None
    of_values: bool = False

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LoadRefusal:
        """Out of what `dataclasses.asdict` made and JSON carried."""
        runs_on = record["runs_on"]
        return cls(
            **{
                **record,
                "status": LoadStatus(record["status"]),
                "failed_on": tuple(map(Feed, record["failed_on"])),
                "runs_on": None if runs_on is None else Feed(runs_on),
            }
        )

    @property
    def severity(self) -> Severity:
        """An error unless there is an input that the model runs with, or may still be running."""
        some = self.runs_on is not None or self.status is LoadStatus.TOO_LONG
        return Severity.WARNING if some else Severity.ERROR


def finding(model: Inspection, refusal: LoadRefusal, *, by: str, code: str) -> Finding:
    """`by` is the engine, in words."""
    where = _operator(model, refusal)
    if where is None:
        sentence = f"{by} {_verb(refusal, 'the model')}: {refusal.said}"
    else:
        graph, operator = where
        layer = layer_of(graph, operator)
        of_layer = f" (Keras layer {layer})" if layer else ""
        sentence = (
            f"{place(graph, operator)}{of_layer}: {by} {_verb(refusal, 'it')}: {refusal.said}; it"
            f" is fed {_tensors(inputs_of(graph, operator))} and gives"
            f" {_tensors(outputs_of(graph, operator))}"
        )
    remedy = _remedy(refusal, where)
    graph_index = -1 if where is None else where[0].index
    return Finding(code, refusal.severity, sentence, remedy, graph_index, refusal.operator)


def _verb(refusal: LoadRefusal, what: str) -> str:
    if refusal.status is LoadStatus.TOO_LONG:
        return f"loads {what} and has not come to the end of it"
    if not refusal.failed_on:
        return f"does not take {what}"
    fed = "any input" if refusal.runs_on is None else f"an input of {refusal.failed_on[-1]}"
    more = "" if refusal.runs_on is None else f" (with {refusal.runs_on} it runs)"
    return f"loads {what}, and its Invoke fails with {fed}{more}"


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
    if refusal.status is LoadStatus.CORRUPT_MODEL:
        return "convert the model again: the file is damaged"
    if refusal.status is LoadStatus.UNSUPPORTED_SCHEMA:
        return "convert the model again with a current TensorFlow, which writes schema 3"
    if refusal.status is LoadStatus.TOO_LONG:
        return "look for a loop that does not end; if there is none, the model is merely large"
    if where is None:
        return "replace the layer that makes the operator"
    graph, operator = where
    if refusal.of_values:
        # of any other operator nothing but its number of turns is found fault with
        return BY_VALUE.get(operator.name, BY_VALUE["WHILE"])
    taken = {tensor.type for tensor in inputs_of(graph, operator) if tensor is not None}
    tensors = [*inputs_of(graph, operator), *outputs_of(graph, operator)]
    types = {tensor.type for tensor in tensors if tensor is not None}
    rank = max((len(tensor.shape) for tensor in tensors if tensor is not None), default=0)
    if operator.name in ("QUANTIZE", "DEQUANTIZE") and "uint8" in types:
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
    if types & {"int8", "int16"}:
        return f"convert to float32, or {replace}"
    if operator.name in ELEMENTWISE and taken <= {"int32", "int64", "uint8", "bool"}:
        return f'cast what it takes to float32, keras.ops.cast(x, "float32"), or {replace}'
    return replace
