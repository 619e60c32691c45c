"""Outputs of a `.tflite` in the order of the Keras model that it was made of.

A converter orders outputs as it likes; whoever compares the first output of a Keras model with
the first of the `.tflite` would compare different things. Names of the signature tell them apart:
`y0`, `y1`, … of our exports, `output_0`, `output_1`, … of the converter's own. States that are fed
back come last.
"""

from __future__ import annotations

import re

import numpy as np

from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.states import state_pairs

_NUMBERED = re.compile(r"(?:y|output_)(\d+)")


def order_outputs(content: bytes) -> bytes:
    """The model with its numbered outputs in order; as it is where nothing is numbered."""
    inspection = inspect(content)
    if not inspection.signatures or len(inspection.outputs) < 2:
        return content
    signature = inspection.signatures[0]
    numbered = {
        int(match[1]): tensor
        for name, tensor in signature.outputs.items()
        if (match := _NUMBERED.fullmatch(name))
    }
    tensors = list(inspection.subgraphs[signature.subgraph].outputs)
    states = [tensors[pair.output] for pair in state_pairs(inspection)]
    first = [numbered[number] for number in sorted(numbered)]
    if len(numbered) < 2 or len(set(first)) != len(first):
        return content
    left = list(tensors)  # what leaves by two names stands there twice
    for tensor in first:
        left.remove(tensor)
    wanted = [*first, *sorted(left, key=lambda tensor: tensor in states)]
    if wanted == tensors:
        return content
    editor = Editor(content)
    editor.model.subgraphs[signature.subgraph].outputs = np.array(wanted, np.int32)
    return editor.content()
