"""What is in a `.tflite`: subgraphs, operators, tensors, scales. No TensorFlow, no interpreter.

    model = inspect(content)
    model.inputs[0].shape           # (1, 8, 8)
    model.operator_counts           # {"FULLY_CONNECTED": 16, "TANH": 8, ...}

Everything is read; nothing is judged.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from tflm_hil.errors import CorruptModel
from tflm_hil.models.tflite.schema import load_schema, operator_names
from tflm_hil.models.tflite.structure import (
    check_graph,
    check_operator,
    check_tensor,
    children_of,
)
from tflm_hil.vocabulary import ExportKind, Precision

IDENTIFIER = b"TFL3"
MOST_INTEGERS = 64
_KEPT = 16  # models whose inspection is kept in memory, with their bytes
# What the generated reader raises when it follows an offset into nowhere.
DAMAGE = (struct.error, IndexError, TypeError, AttributeError, ValueError, OverflowError)

# enum TensorType of the schema → NumPy dtype name
DTYPES = {
    0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 5: "string", 6: "bool",
    7: "int16", 8: "complex64", 9: "int8", 10: "float64", 11: "complex128", 12: "uint64",
    13: "resource", 14: "variant", 15: "uint32", 16: "uint16", 17: "int4",
}  # fmt: skip


StateNumbers = tuple[tuple[int, int], ...]
"""States as (input, output) in the interpreter's numbers."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of a subgraph. `scales` has one entry per channel, one, or none.

    `shape_signature` has -1 where a dimension is dynamic; `constant_bytes` is the size of its
    constant data, 0 for a tensor that is computed. `nan_values` and `infinite_values` count what
    is not finite among constant floats; `integers` holds the elements of a constant of type int32
    with at most `MOST_INTEGERS` of them: axes, positions, shapes.
    """

    index: int
    name: str
    type: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    quantized_dimension: int
    constant_bytes: int
    variable: bool
    nan_values: int = 0
    infinite_values: int = 0
    integers: tuple[int, ...] = ()

    @property
    def scale(self) -> float:
        """The scale of a tensor quantised as a whole, else 0."""
        return self.scales[0] if len(self.scales) == 1 else 0.0

    @property
    def zero_point(self) -> int:
        """The zero point that belongs to `scale`; 0 where the tensor states none."""
        return self.zero_points[0] if len(self.scales) == 1 and self.zero_points else 0


@dataclass(frozen=True)
class Operator:
    """An operator of a subgraph; tensor indices, -1 for an input left out.

    `options` holds the scalars of its options table by the schema's names, `texts` its strings.
    """

    index: int
    code: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, int | float | bool] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Subgraph:
    """A subgraph; 0 is the main one, the others belong to WHILE, IF and CALL_ONCE."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """A named entry: input and output names → tensor index in its subgraph."""

    key: str
    subgraph: int
    inputs: dict[str, int]
    outputs: dict[str, int]


@dataclass(frozen=True)
class Origin:
    """How a model was converted: its export, its type, and the exports in that type that no rule
    blocks for the model that it came from, None where that is not known.
    """

    export: ExportKind
    dtype: Precision
    open: frozenset[ExportKind] | None = None


@dataclass(frozen=True)
class Inspection:
    """A whole flatbuffer.

    `declared_states` is what its user says of its states: None where nothing was said, empty where
    it has none. `origin` is how it was converted, where that is known.
    """

    version: int
    description: str
    size_bytes: int
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    declared_states: StateNumbers | None = None
    origin: Origin | None = None

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Input tensors of the main subgraph, in the order of the interpreter's indices."""
        main = self.subgraphs[0]
        return tuple(main.tensors[index] for index in main.inputs)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Output tensors of the main subgraph."""
        main = self.subgraphs[0]
        return tuple(main.tensors[index] for index in main.outputs)

    @property
    def operator_counts(self) -> dict[str, int]:
        """How often each operator occurs, over all subgraphs, most frequent first."""
        counts = Counter(op.name for graph in self.subgraphs for op in graph.operators)
        return dict(counts.most_common())


def inspect(
    content: bytes, name: str = "the model", *, states: StateNumbers | None = None
) -> Inspection:
    """Read a flatbuffer, of which its user says that it has these `states`; raises `CorruptModel`
    if it is not one or does not hold together.
    """
    if len(content) < 8 or content[4:8] != IDENTIFIER:
        raise CorruptModel(
            f"{name} is not a TFLite flatbuffer: no identifier TFL3 at byte 4",
            remedy="give the .tflite that the converter wrote",
        )
    try:
        return replace(_checked(bytes(content)), declared_states=states)
    except DAMAGE as error:
        raise CorruptModel(
            f"{name} is damaged or truncated ({len(content)} bytes): {error}",
            remedy="convert the model again or restore the file",
        ) from error


@lru_cache(_KEPT)
def _checked(content: bytes) -> Inspection:
    """The same bytes are asked about many times in a conversion or a run; reading costs ms a kB."""
    schema = load_schema()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    read = _read(model, len(content), operator_names(schema))
    _check(read)
    return read


def _read(model: Any, size: int, names: dict[int, str]) -> Inspection:
    codes = [
        (max(code.builtinCode, code.deprecatedBuiltinCode), code.version, code.customCode)
        for code in model.operatorCodes
    ]
    subgraphs = tuple(
        Subgraph(
            index=index,
            name=_text(graph.name),
            tensors=tuple(
                _tensor(number, tensor, model.buffers)
                for number, tensor in enumerate(_list(graph.tensors))
            ),
            operators=tuple(
                _operator(number, op, codes[op.opcodeIndex], names)
                for number, op in enumerate(_list(graph.operators))
            ),
            inputs=_ints(graph.inputs),
            outputs=_ints(graph.outputs),
        )
        for index, graph in enumerate(model.subgraphs)
    )
    return Inspection(
        version=model.version,
        description=_text(model.description),
        size_bytes=size,
        subgraphs=subgraphs,
        signatures=tuple(_signature(item) for item in _list(model.signatureDefs)),
    )


def _check(model: Inspection) -> None:
    """Raise ValueError for what is no model (`structure`)."""
    if not model.subgraphs:
        raise ValueError("it has no subgraph")
    for graph in model.subgraphs:
        where, count = f"subgraph {graph.index}", len(graph.tensors)
        check_graph(graph.inputs, graph.outputs, count, where)
        for tensor in graph.tensors:
            check_tensor(tensor, where)
        for operator in graph.operators:
            check_operator(operator.name, operator.inputs, operator.outputs, count, where)
            for child in children_of(operator.name):
                if not 0 <= operator.options.get(child, -1) < len(model.subgraphs):
                    raise ValueError(
                        f"{operator.name} of {where} runs a subgraph that is not there"
                    )
    for signature in model.signatures:
        if not 0 <= signature.subgraph < len(model.subgraphs):
            raise ValueError(f"signature {signature.key} is of a subgraph that is not there")
        graph = model.subgraphs[signature.subgraph]
        if not set(signature.inputs.values()) <= set(graph.inputs) or not set(
            signature.outputs.values()
        ) <= set(graph.outputs):
            raise ValueError(f"signature {signature.key} names what its subgraph does not take")


def _tensor(index: int, tensor: Any, buffers: list[Any]) -> Tensor:
    quantization = tensor.quantization
    data = buffers[tensor.buffer].data
    shape = _ints(tensor.shape)
    kind = DTYPES.get(tensor.type, f"type {tensor.type}")
    nans, infinities = _no_numbers(kind, data)
    signature = _ints(tensor.shapeSignature)
    return Tensor(
        index=index,
        name=_text(tensor.name),
        type=kind,
        shape=shape,
        shape_signature=signature or shape,
        scales=tuple(float(value) for value in _list(quantization and quantization.scale)),
        zero_points=_ints(quantization and quantization.zeroPoint),
        quantized_dimension=quantization.quantizedDimension if quantization else 0,
        constant_bytes=0 if data is None else len(data),
        variable=bool(tensor.isVariable),
        nan_values=nans,
        infinite_values=infinities,
        integers=_integers(tensor.type, data),
    )


def _no_numbers(kind: str, data: Any) -> tuple[int, int]:
    """How many of constant floats are NaN, and how many infinite."""
    if data is None or kind not in ("float32", "float16"):
        return 0, 0
    dtype = np.dtype(kind).newbyteorder("<")
    raw = np.asarray(data, np.uint8)
    values = raw[: len(raw) // dtype.itemsize * dtype.itemsize].view(dtype)
    return int(np.count_nonzero(np.isnan(values))), int(np.count_nonzero(np.isinf(values)))


def _integers(kind: int, data: Any) -> tuple[int, ...]:
    if data is None or DTYPES.get(kind) != "int32" or len(data) > 4 * MOST_INTEGERS:
        return ()
    raw = bytes(bytearray(data))
    return struct.unpack(f"<{len(raw) // 4}i", raw[: len(raw) // 4 * 4])


def _operator(
    index: int, op: Any, code: tuple[int, int, bytes | None], names: dict[int, str]
) -> Operator:
    number, version, custom = code
    name = names.get(number, f"operator {number}")
    options = vars(op.builtinOptions) if op.builtinOptions else {}
    return Operator(
        index=index,
        code=number,
        name=f"CUSTOM {_text(custom)}" if name == "CUSTOM" else name,
        version=version,
        inputs=_ints(op.inputs),
        outputs=_ints(op.outputs),
        options={
            key: value
            for key, value in options.items()
            if isinstance(value, int | float) and not key.startswith("_")
        },
        texts={key: _text(value) for key, value in options.items() if isinstance(value, bytes)},
    )


def _signature(item: Any) -> Signature:
    return Signature(
        key=_text(item.signatureKey),
        subgraph=item.subgraphIndex,
        inputs={_text(entry.name): entry.tensorIndex for entry in _list(item.inputs)},
        outputs={_text(entry.name): entry.tensorIndex for entry in _list(item.outputs)},
    )


def _list(values: Any) -> list[Any]:
    return [] if values is None else list(values)


def _ints(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in _list(values))


def _text(value: bytes | str | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
