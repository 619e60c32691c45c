"""Change a `.tflite` without a converter: read into objects, edit, written again."""

from __future__ import annotations

import copy
from typing import Any

import flatbuffers
import numpy as np

from tflm_hil.models.tflite.schema import load_schema

IDENTIFIER = b"TFL3"
QUANTIZE_VERSION = 2  # integers to integers

# Of UNIDIRECTIONAL_SEQUENCE_LSTM: the intermediate tensor with the scale of the hidden state, and
# the input that is the output state (tensorflow/lite/kernels/lstm_shared.h and lstm_eval.cc).
LSTM_HIDDEN, LSTM_OUTPUT_STATE, LSTM_CELL_STATE = 4, 18, 19
# Below it TFLite's kernel leaves the tanh of the cell state out.
LEAST_CELL_SCALE = 2.0**-15


class Editor:
    """An open flatbuffer. `model` is the schema's `ModelT`; `content()` writes it."""

    def __init__(self, content: bytes) -> None:
        self.schema = load_schema()
        self.model: Any = self.schema.ModelT.InitFromObj(
            self.schema.Model.GetRootAsModel(content, 0)
        )

    def content(self) -> bytes:
        """The flatbuffer."""
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())

    def requantise_output(self, output: str, *, like_input: str) -> None:
        """Let the first signature's `output` pass a QUANTIZE to the scale of its input."""
        signature = self.model.signatureDefs[0]
        graph = self.model.subgraphs[signature.subgraphIndex]
        entry = _named(signature.outputs, output)
        source = entry.tensorIndex
        like = _named(signature.inputs, like_input).tensorIndex
        entry.tensorIndex = self.like(signature.subgraphIndex, source, of=like)
        graph.tensors[entry.tensorIndex].name = output.encode()
        end = len(graph.operators)
        self.quantise(signature.subgraphIndex, source, entry.tensorIndex, at=end)
        # a tensor that leaves by two names stands there twice: one of the two is replaced
        outputs = list(graph.outputs)
        outputs[outputs.index(source)] = entry.tensorIndex
        graph.outputs = np.array(outputs, np.int32)

    def like(self, subgraph: int, tensor: int, *, of: int) -> int:
        """A new tensor of the shape and type of another, on the scale `of` a third; its index."""
        tensors = self.model.subgraphs[subgraph].tensors
        made = copy.deepcopy(tensors[tensor])
        made.name += b"/moved"
        made.buffer = 0
        made.quantization = copy.deepcopy(tensors[of].quantization)
        tensors.append(made)
        return len(tensors) - 1

    def quantise(self, subgraph: int, source: int, target: int, *, at: int) -> None:
        """A QUANTIZE from one tensor to another, before operator number `at`."""
        operator = self.schema.OperatorT()
        operator.opcodeIndex = self.code("QUANTIZE", QUANTIZE_VERSION)
        operator.inputs = np.array([source], np.int32)
        operator.outputs = np.array([target], np.int32)
        operator.builtinOptionsType = self.schema.BuiltinOptions.QuantizeOptions
        operator.builtinOptions = self.schema.QuantizeOptionsT()
        self.model.subgraphs[subgraph].operators.insert(at, operator)

    def bypass_requantised(self, output: str) -> bool:
        """Let the first signature's `output` be what the QUANTIZE before it reads; False if there
        is none that only changes the scale of integers.
        """
        signature = self.model.signatureDefs[0]
        graph = self.model.subgraphs[signature.subgraphIndex]
        entry = _named(signature.outputs, output)
        tied = entry.tensorIndex
        for operator in graph.operators:
            if tied in operator.outputs and self._name(operator) == "QUANTIZE":
                source = int(operator.inputs[0])
                if graph.tensors[source].type != graph.tensors[tied].type:
                    return False
                entry.tensorIndex = source
                outputs = list(graph.outputs)
                outputs[outputs.index(tied)] = source
                graph.outputs = np.array(outputs, np.int32)
                graph.operators.remove(operator)
                return True
        return False

    def drop_output(self, output: str) -> None:
        """Take the first signature's `output` away; what computes it stays."""
        signature = self.model.signatureDefs[0]
        graph = self.model.subgraphs[signature.subgraphIndex]
        entry = _named(signature.outputs, output)
        signature.outputs.remove(entry)
        outputs = list(graph.outputs)
        outputs.remove(entry.tensorIndex)
        graph.outputs = np.array(outputs, np.int32)

    def repair_lstm_scales(self) -> None:
        """Give the hidden state inside every quantised fused LSTM the scale of its output, and its
        cell state one that TFLite's kernel takes.
        """
        for graph in self.model.subgraphs:
            for operator in graph.operators:
                if self._name(operator) != "UNIDIRECTIONAL_SEQUENCE_LSTM":
                    continue
                output = graph.tensors[operator.outputs[0]].quantization
                if output is None or output.scale is None or len(operator.intermediates) == 0:
                    continue
                inside = (operator.intermediates[LSTM_HIDDEN], operator.inputs[LSTM_OUTPUT_STATE])
                for index in inside:
                    quantization = graph.tensors[index].quantization
                    quantization.scale = output.scale
                    quantization.zeroPoint = output.zeroPoint
                cell = graph.tensors[operator.inputs[LSTM_CELL_STATE]].quantization
                cell.scale = [max(float(scale), LEAST_CELL_SCALE) for scale in cell.scale]

    def _name(self, operator: Any) -> str:
        code = self.model.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        names: dict[int, str] = {
            value: name
            for name, value in vars(self.schema.BuiltinOperator).items()
            if isinstance(value, int)
        }
        return names.get(number, "")

    def code(self, name: str, version: int) -> int:
        """Index of an operator code, added where there is none."""
        number = getattr(self.schema.BuiltinOperator, name)
        for index, code in enumerate(self.model.operatorCodes):
            if max(code.builtinCode, code.deprecatedBuiltinCode) == number:
                code.version = max(code.version, version)
                return index
        code = self.schema.OperatorCodeT()
        code.builtinCode = number
        code.deprecatedBuiltinCode = min(number, 127)
        code.version = version
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1


def _named(entries: list[Any], name: str) -> Any:
    for entry in entries:
        if entry.name == name.encode():
            return entry
    raise KeyError(f"the signature has no {name!r}")
