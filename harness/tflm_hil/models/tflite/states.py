"""The states of a single-step model: which output is fed back to which input, and on what scales.

A model in the single-step form takes `x` and its states, and gives `y` and the next states. Of our
own exports the pairs are in the names of the signature: output `h_next` goes to input `h`. Of other
models they are looked for (`state_search`), or declared by their user (`declared_states`).

The converter gives both ends of a state scales of their own, and feeding back bytes from one scale
to another is a silent error (1.6 instead of 0.2 on a slow LSTM); so either the bytes are
requantised on the way, or the model does it itself: `tie_states` appends a QUANTIZE operator to
such outputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.state_names import End, ends_of
from tflm_hil.models.tflite.state_search import NEXT, Found, search
from tflm_hil.vocabulary import StateBasis

__all__ = [
    "NEXT", "StatePair", "as_exported", "named_pairs", "state_pairs", "suspected_pairs",
    "tie_states", "untie_states",
]  # fmt: skip


@dataclass(frozen=True)
class StatePair:
    """One state: the interpreter's input and output number, both scales, what the ends are called
    (`name` is the input's), and why it is held to be one.
    """

    name: str
    input: int
    output: int
    shape: tuple[int, ...]
    input_quantization: Quantization
    output_quantization: Quantization
    basis: StateBasis = StateBasis.SIGNATURE
    output_name: str = ""

    @property
    def same(self) -> bool:
        """Whether the bytes of the output are what the input takes."""
        return self.input_quantization == self.output_quantization

    @property
    def exchangeable(self) -> bool:
        """Whether bytes may be fed back as they are: requantised, each gives itself."""
        if self.same:
            return True
        kind = np.dtype(self.input_quantization.dtype)
        if kind != np.dtype(self.output_quantization.dtype) or kind.kind not in "iu":
            return False
        if kind.itemsize > 2 or not self.input_quantization.quantised:
            return False
        every = np.arange(np.iinfo(kind).min, np.iinfo(kind).max + 1).astype(kind)
        return bool(np.array_equal(self.feed_back(every), every))

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
    """The states that are fed back, in the order of the interpreter's inputs: those that the
    model's user declared, or else those that are surely states (`state_search`).
    """
    if model.declared_states is not None:
        ends = ends_of(model)
        return tuple(
            _pair(ends.inputs[taken], ends.outputs[given], StateBasis.DECLARED)
            for taken, given in sorted(model.declared_states)
        )
    return tuple(_of(item) for item in search(model) if item.basis.sure)


def suspected_pairs(model: Inspection) -> tuple[StatePair, ...]:
    """What may be states and is not fed back. Where the user declared some, what is surely one
    beside them; none where the user said that there are none.
    """
    if model.declared_states is None:
        return tuple(_of(item) for item in search(model) if not item.basis.sure)
    taken = {pair[0] for pair in model.declared_states}
    given = {pair[1] for pair in model.declared_states}
    return tuple(
        _of(item)
        for item in search(model)
        if model.declared_states
        and item.basis.sure
        and item.input.number not in taken
        and item.output.number not in given
    )


def named_pairs(model: Inspection) -> tuple[StatePair, ...]:
    """The states of `hil convert`: `h` and `h_next` of the signature."""
    return tuple(pair for pair in state_pairs(model) if pair.basis is StateBasis.SIGNATURE)


def as_exported(model: Inspection, inputs: int) -> Inspection:
    """A model that was just converted from a Keras model of so many `inputs`, with those states
    alone that its export made. What the Keras model takes is data, whatever its names say: whoever
    compares the two feeds both alike.
    """
    made = named_pairs(model) if len(model.inputs) != inputs else ()
    return replace(model, declared_states=tuple((pair.input, pair.output) for pair in made))


def _of(found: Found) -> StatePair:
    return _pair(found.input, found.output, found.basis)


def _pair(taken: End, given: End, basis: StateBasis) -> StatePair:
    return StatePair(
        name=taken.title,
        input=taken.number,
        output=given.number,
        shape=taken.tensor.shape,
        input_quantization=Quantization.of(taken.tensor),
        output_quantization=Quantization.of(given.tensor),
        basis=basis,
        output_name=given.title,
    )


def tie_states(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The model with both ends of every state on one scale, and what was done, in sentences.

    Where they differ, a QUANTIZE operator requantises the output, inside the model: whoever
    drives it may feed bytes back as they are.
    """
    notes = []
    for pair in named_pairs(inspect(content)):
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
    for pair in named_pairs(inspect(content)):
        editor = editor or Editor(content)
        if not editor.bypass_requantised(pair.name + NEXT):
            continue
        content = editor.content()
    return content
