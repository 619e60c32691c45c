"""The states of a single-step model: which output is fed back to which input, and on what scales.

A model in the single-step form takes `x` and its states, and gives `y` and the next states. The
pairs are in the names of its signature: output `h_next` goes to input `h`. The converter gives
both ends of a state scales of their own, and feeding back bytes from one scale to another is a
silent error (1.6 instead of 0.2 on a slow LSTM); so either the bytes are requantised on the way,
or the model does it itself: `tie_states` appends a QUANTIZE operator to such outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.models.tflite.quantize import Quantization

NEXT = "_next"


@dataclass(frozen=True)
class StatePair:
    """One state: the signature's names, the interpreter's input and output number, both scales."""

    name: str
    input: int
    output: int
    shape: tuple[int, ...]
    input_quantization: Quantization
    output_quantization: Quantization

    @property
    def same(self) -> bool:
        """Whether the bytes of the output are what the input takes."""
        return self.input_quantization == self.output_quantization

    def initial(self) -> NDArray[Any]:
        """The state before the first step: zero."""
        return self.input_quantization.quantize(np.zeros(self.shape, np.float32))

    def feed_back(self, stored: NDArray[Any]) -> NDArray[Any]:
        """The output's elements as the input takes them, in float32 where scales differ."""
        if self.same:
            return stored
        values = self.output_quantization.dequantize(stored)
        return self.input_quantization.quantize(values)


def state_pairs(model: Inspection) -> tuple[StatePair, ...]:
    """The states of the first signature, in the order of the interpreter's inputs.

    Empty for a model without a signature, or one whose names pair nothing.
    """
    if not model.signatures:
        return ()
    signature = model.signatures[0]
    graph = model.subgraphs[signature.subgraph]
    pairs = []
    for name, index in signature.inputs.items():
        following = signature.outputs.get(name + NEXT)
        if following is None:
            continue
        tensor, source = graph.tensors[index], graph.tensors[following]
        pairs.append(
            StatePair(
                name=name,
                input=graph.inputs.index(index),
                output=graph.outputs.index(following),
                shape=tensor.shape,
                input_quantization=Quantization.of(tensor),
                output_quantization=Quantization.of(source),
            )
        )
    return tuple(sorted(pairs, key=lambda pair: pair.input))


def tie_states(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The model with both ends of every state on one scale, and what was done, in sentences.

    Where they differ, a QUANTIZE operator requantises the output, inside the model: whoever
    drives it may feed bytes back as they are.
    """
    notes = []
    for pair in state_pairs(inspect(content)):
        if pair.same:
            continue
        editor = Editor(content)
        editor.requantise_output(pair.name + NEXT, like_input=pair.name)
        content = editor.content()
        notes.append(
            f"state {pair.name}: the output's scale {pair.output_quantization.scale:.6g}"
            f" (zero point {pair.output_quantization.zero_point}) is requantised in the model to"
            f" the input's {pair.input_quantization.scale:.6g}"
            f" ({pair.input_quantization.zero_point})"
        )
    return content, tuple(notes)


def untie_states(content: bytes) -> bytes:
    """The model as `tie_states` got it: every state leaves on the scale that the converter gave it.

    The same bytes if nothing was tied.
    """
    editor: Editor | None = None
    for pair in state_pairs(inspect(content)):
        editor = editor or Editor(content)
        if not editor.bypass_requantised(pair.name + NEXT):
            continue
        content = editor.content()
    return content
