"""A `.tflite` with an open batch as one of a fixed batch: for people without the Keras model.

    fixed = fix_batch(content)

An open batch leaves SHAPE → STRIDED_SLICE → PACK → FILL behind, and RESHAPE to computed sizes:
TFLM plans its memory once and refuses that. With the batch known all of it is constant. The shapes
of all tensors are worked out (`shape_rules`), what only works with constants becomes one, and
operators, tensors and buffers that nothing needs any more are dropped. TILE along axes of length 1,
which Keras makes of RepeatVector, becomes BROADCAST_TO, which TFLM has. The numbers that the model
gives are the same bits that an interpreter gives whose inputs were resized to the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tflm_hil.errors import ConversionError, CorruptModel
from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import DAMAGE, DTYPES, inspect
from tflm_hil.models.tflite.schema import operator_names
from tflm_hil.models.tflite.shape_rules import (
    Call,
    Shape,
    Unknown,
    Value,
    shapes_of,
    value_of,
)

# TensorType number → NumPy type, of those whose elements are read here.
READ = {
    number: name
    for number, name in DTYPES.items()
    if name not in ("string", "resource", "variant", "int4", "complex64", "complex128")
}
# How many elements these give depends on what they are given, not on its size.
BY_CONTENT = frozenset(
    {"WHERE", "UNIQUE", "CUSTOM", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "RANGE"}
)
BROADCAST_VERSION = 3  # of 8-bit integers, too
REMEDY = "convert the Keras model with `hil convert`, or set the batch to 1 before conversion"


def has_open_batch(content: bytes) -> bool:
    """Whether an input's first axis is open."""
    return any(-1 in tensor.shape_signature[:1] for tensor in inspect(content).inputs)


def fix_batch(content: bytes, *, batch: int = 1, name: str = "the model") -> bytes:
    """The model for a fixed batch.

    Raises ConversionError naming the operator whose size is not known then either, or the input
    that has no open batch, or more open axes than that; CorruptModel.
    """
    inspection = inspect(content, name)
    if not inspection.inputs:
        raise ConversionError(f"{name} has no inputs", remedy="give a model that takes some")
    for tensor in inspection.inputs:
        if -1 in tensor.shape_signature[1:]:
            raise ConversionError(
                f"{name}: input {tensor.name} is open beyond the batch"
                f" ({list(tensor.shape_signature)}), and only the batch is fixed here",
                remedy="fix the length of the sequence before conversion",
            )
    if not has_open_batch(content):
        shapes = ", ".join(str(list(tensor.shape)) for tensor in inspection.inputs)
        raise ConversionError(
            f"{name} has no open batch: its inputs are {shapes}",
            remedy="use the file as it is"
            if all(tensor.shape[:1] in ((), (1,)) for tensor in inspection.inputs)
            else REMEDY,
        )
    try:
        return _Fixing(Editor(content), batch).content()
    except Unknown as error:
        raise ConversionError(
            f"{name} cannot be brought to batch {batch}: {error} is not known before it runs",
            remedy=REMEDY,
        ) from error
    except (*DAMAGE, ArithmeticError, KeyError, MemoryError, RecursionError) as error:
        raise CorruptModel(
            f"{name} does not hold together: {error}", remedy="convert the model again"
        ) from error


class _Graph:
    """A subgraph in the making: shapes and values of its tensors as far as they are known."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.shapes: dict[int, Shape] = {}
        self.values: dict[int, Value] = {}
        self.folded: set[int] = set()


class _Fixing:
    def __init__(self, editor: Editor, batch: int) -> None:
        self.editor, self.batch = editor, batch
        self.model = editor.model
        self.names = operator_names(editor.schema)
        self.done: dict[int, _Graph] = {}
        self.active: set[int] = set()
        main = self.model.subgraphs[0]
        shapes = {int(index): self._opened(main.tensors[index]) for index in main.inputs}
        self._infer(0, shapes, {})

    def content(self) -> bytes:
        """The fixed flatbuffer."""
        for index, graph in enumerate(self.model.subgraphs):
            if index not in self.done:  # of CALL_ONCE: no batch reaches it
                continue
            self._write(self.done[index])
            _drop_unused(graph, self._signatures(index))
        self._drop_buffers()
        self._drop_codes()
        return self.editor.content()

    def _signatures(self, index: int) -> list[Any]:
        return [item for item in self.model.signatureDefs or [] if item.subgraphIndex == index]

    def _opened(self, tensor: Any) -> Shape:
        """The recorded shape, with the batch where it was open."""
        shape = _ints(tensor.shape)
        signature = _ints(tensor.shapeSignature) or shape
        return tuple(self.batch if size == -1 else size for size in signature)

    def _infer(self, index: int, shapes: dict[int, Shape], values: dict[int, Value]) -> _Graph:
        if index in self.active or index in self.done:
            raise Unknown(f"subgraph {index}, which is run from several places,")
        self.active.add(index)
        state = _Graph(self.model.subgraphs[index])
        state.shapes |= shapes
        state.values |= values
        for number, tensor in enumerate(state.graph.tensors):
            constant = self._constant(tensor)
            if constant is not None:
                state.values.setdefault(number, constant)
                state.shapes.setdefault(number, _ints(tensor.shape))
            elif self._data(tensor) is not None:
                state.shapes.setdefault(number, _ints(tensor.shape))
            elif tensor.isVariable:
                state.shapes[number] = self._opened(tensor)
        for number, operator in enumerate(state.graph.operators or []):
            self._operator(state, number, operator)
        self.active.discard(index)
        self.done[index] = state
        return state

    def _operator(self, state: _Graph, number: int, operator: Any) -> None:
        name = self._name(operator)
        outputs = _ints(operator.outputs)
        if name == "WHILE":
            self._while(state, operator)
            return
        call = self._call(state, name, operator)
        tensors = [state.graph.tensors[index] for index in outputs]
        used = [state.graph.tensors[index] for index in _ints(operator.inputs) if index >= 0]
        plain = not any(_scaled(tensor) for tensor in (*used, *tensors))
        if len(outputs) == 1 and tensors[0].type in READ:
            value = value_of(call, plain=plain)
            if value is not None:
                state.values[outputs[0]] = value
                self._shape(state, outputs[0], value.shape, name, number)
                state.folded.add(number)
                return
        try:
            shapes = shapes_of(call)
        except KeyError:
            shapes = [self._recorded(state, name, operator, tensor) for tensor in tensors]
        for index, shape in zip(outputs, shapes, strict=True):
            self._shape(state, index, shape, name, number)

    def _call(self, state: _Graph, name: str, operator: Any) -> Call:
        inputs = _ints(operator.inputs)
        outputs = _ints(operator.outputs)
        kind = state.graph.tensors[outputs[0]].type if outputs else 0
        for index in inputs:
            if index >= 0 and index not in state.shapes:
                raise Unknown(f"the size of tensor {index}, an input of {name},")
        return Call(
            name=name,
            shapes=tuple(state.shapes[index] if index >= 0 else None for index in inputs),
            values=tuple(state.values.get(index) for index in inputs),
            options=operator.builtinOptions,
            outputs=len(outputs),
            dtype=READ.get(kind, "uint8"),
        )

    def _recorded(self, state: _Graph, name: str, operator: Any, tensor: Any) -> Shape:
        """Of an operator without a rule: what the file says, if it depends on the batch at most."""
        signature = _ints(tensor.shapeSignature) or _ints(tensor.shape)
        if -1 not in signature:
            return signature
        fed = [state.graph.tensors[index] for index in _ints(operator.inputs) if index >= 0]
        batched = any(-1 in _ints(item.shapeSignature)[:1] for item in fed)
        if -1 in signature[1:] or not batched or name in BY_CONTENT:
            raise Unknown(f"the size of what {name} gives")
        return (self.batch, *signature[1:])

    def _shape(self, state: _Graph, index: int, shape: Shape, name: str, number: int) -> None:
        """Note a shape, held against what the file says of it."""
        tensor = state.graph.tensors[index]
        said = _ints(tensor.shapeSignature) or _ints(tensor.shape)
        agrees = len(said) == len(shape) and all(
            size in (-1, ours) for size, ours in zip(said, shape, strict=True)
        )
        if not agrees and said:
            raise Unknown(
                f"the size of what {name} (operator {number}) gives, {list(said)} in the file and"
                f" {list(shape)} by its inputs,"
            )
        state.shapes[index] = shape

    def _while(self, state: _Graph, operator: Any) -> None:
        inputs, outputs = _ints(operator.inputs), _ints(operator.outputs)
        options = operator.builtinOptions
        body_index, cond_index = options.bodySubgraphIndex, options.condSubgraphIndex
        body, cond = (self.model.subgraphs[index] for index in (body_index, cond_index))
        taken, given = _ints(body.inputs), _ints(body.outputs)
        # a variable that the body hands on as it is keeps its value
        kept = {
            place
            for place, (one, other) in enumerate(zip(taken, given, strict=True))
            if one == other and inputs[place] in state.values
        }
        for index in inputs:
            if index not in state.shapes:
                raise Unknown(f"the size of tensor {index}, an input of WHILE,")
        shapes = [state.shapes[index] for index in inputs]
        for subgraph, own in ((cond_index, _ints(cond.inputs)), (body_index, taken)):
            made = self._infer(
                subgraph,
                dict(zip(own, shapes, strict=True)),
                {own[place]: state.values[inputs[place]] for place in kept},
            )
            if subgraph == body_index and [made.shapes.get(index) for index in given] != shapes:
                raise Unknown("the size of a variable that changes in a WHILE")
        for index, shape in zip(outputs, shapes, strict=True):
            state.shapes[index] = shape

    def _data(self, tensor: Any) -> Any:
        return self.model.buffers[tensor.buffer].data

    def _constant(self, tensor: Any) -> Value | None:
        data = self._data(tensor)
        if data is None or tensor.type not in READ or tensor.isVariable or tensor.sparsity:
            return None
        raw = np.asarray(data, np.uint8).tobytes()
        shape = _ints(tensor.shape)
        return np.frombuffer(raw, np.dtype(READ[tensor.type]).newbyteorder("<")).reshape(shape)

    def _name(self, operator: Any) -> str:
        code = self.model.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        return self.names.get(number, f"operator {number}")

    def _write(self, state: _Graph) -> None:
        graph = state.graph
        operators = graph.operators or []
        computed = {index for number in state.folded for index in _ints(operators[number].outputs)}
        for index, tensor in enumerate(graph.tensors):
            shape = state.shapes.get(index)
            if shape is None:
                continue
            tensor.shape = np.array(shape, np.int32)
            tensor.shapeSignature = None
            if index in computed:
                tensor.buffer = self._buffer(np.ascontiguousarray(state.values[index]))
        graph.operators = [
            operator for number, operator in enumerate(operators) if number not in state.folded
        ]
        for operator in graph.operators:
            if self._name(operator) == "TILE":
                self._broadcast_instead(state, operator)
            if self._name(operator) == "RESHAPE" and operator.builtinOptions is not None:
                shape = state.shapes[int(operator.outputs[0])]
                operator.builtinOptions.newShape = np.array(shape, np.int32)

    def _broadcast_instead(self, state: _Graph, operator: Any) -> None:
        source, times = _ints(operator.inputs)
        repeated = state.values.get(times)
        if repeated is None or any(
            size > 1 and count != 1
            for size, count in zip(state.shapes[source], repeated.ravel(), strict=True)
        ):
            return
        tensor = self.editor.schema.TensorT()
        shape = np.array(state.shapes[int(operator.outputs[0])], "<i4")
        tensor.name, tensor.shape = b"repeated", np.array(shape.shape, np.int32)
        tensor.type, tensor.buffer = state.graph.tensors[times].type, self._buffer(shape)
        if READ.get(tensor.type) == "int64":
            tensor.buffer = self._buffer(shape.astype("<i8"))
        state.graph.tensors.append(tensor)
        operator.inputs = np.array([source, len(state.graph.tensors) - 1], np.int32)
        operator.opcodeIndex = self.editor.code("BROADCAST_TO", BROADCAST_VERSION)
        kinds = self.editor.schema.BuiltinOptions
        operator.builtinOptionsType = kinds.BroadcastToOptions
        operator.builtinOptions = self.editor.schema.BroadcastToOptionsT()

    def _buffer(self, stored: Value) -> int:
        """The number of a new buffer with the elements of `stored`."""
        buffer = self.editor.schema.BufferT()
        raw = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
        buffer.data = np.frombuffer(raw, np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1

    def _drop_buffers(self) -> None:
        used = {0}
        tensors = [tensor for graph in self.model.subgraphs for tensor in graph.tensors]
        used |= {tensor.buffer for tensor in tensors}
        used |= {item.buffer for item in self.model.metadata or []}
        used |= set(_ints(self.model.metadataBuffer))
        numbers = {old: new for new, old in enumerate(sorted(used))}
        self.model.buffers = [self.model.buffers[old] for old in sorted(used)]
        for tensor in tensors:
            tensor.buffer = numbers[tensor.buffer]
        for item in self.model.metadata or []:
            item.buffer = numbers[item.buffer]
        if self.model.metadataBuffer is not None:
            kept = [numbers[index] for index in _ints(self.model.metadataBuffer)]
            self.model.metadataBuffer = np.array(kept, np.int32)

    def _drop_codes(self) -> None:
        operators = [item for graph in self.model.subgraphs for item in graph.operators or []]
        used = sorted({operator.opcodeIndex for operator in operators})
        numbers = {old: new for new, old in enumerate(used)}
        self.model.operatorCodes = [self.model.operatorCodes[old] for old in used]
        for operator in operators:
            operator.opcodeIndex = numbers[operator.opcodeIndex]


def _drop_unused(graph: Any, signatures: list[Any]) -> None:
    """Operators that nothing depends on, then tensors that no operator names."""
    needed = set(_ints(graph.outputs))
    kept = []
    for operator in reversed(graph.operators):
        outputs = _ints(operator.outputs)
        variables = any(
            graph.tensors[index].isVariable for index in _ints(operator.inputs) if index >= 0
        )
        if outputs and not variables and not needed & set(outputs):
            continue
        needed |= {index for index in _ints(operator.inputs) if index >= 0}
        kept.append(operator)
    graph.operators = kept[::-1]
    used = set(_ints(graph.inputs)) | set(_ints(graph.outputs))
    for operator in graph.operators:
        used |= {
            index
            for index in (
                *_ints(operator.inputs), *_ints(operator.outputs), *_ints(operator.intermediates)
            )
            if index >= 0
        }  # fmt: skip
    order = sorted(used)
    numbers = {old: new for new, old in enumerate(order)} | {-1: -1}
    graph.tensors = [graph.tensors[old] for old in order]
    graph.inputs = _renumbered(graph.inputs, numbers)
    graph.outputs = _renumbered(graph.outputs, numbers)
    for operator in graph.operators:
        operator.inputs = _renumbered(operator.inputs, numbers)
        operator.outputs = _renumbered(operator.outputs, numbers)
        if operator.intermediates is not None:
            operator.intermediates = _renumbered(operator.intermediates, numbers)
    for signature in signatures:
        for entry in (*(signature.inputs or []), *(signature.outputs or [])):
            entry.tensorIndex = numbers[entry.tensorIndex]


def _renumbered(indices: Any, numbers: dict[int, int]) -> Any:
    return np.array([numbers[index] for index in _ints(indices)], np.int32)


def _scaled(tensor: Any) -> bool:
    quantization = tensor.quantization
    return quantization is not None and len(_list(quantization.scale)) > 0


def _list(values: Any) -> list[Any]:
    return [] if values is None else list(values)


def _ints(values: Any) -> Shape:
    return tuple(int(value) for value in _list(values))
