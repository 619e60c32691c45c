"""Samples made up for a model of which nothing else is known: deterministic, and fit its inputs.

They show whether the device computes what the desktop computes, not whether the model is good:
integers are drawn over the whole range that an input's scale covers, floats from the range of the
QUANTIZE that takes them or else from a normal distribution, token ids below the length of the
table that they look up, masks as bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor
from tflm_hil.models.tflite.layout import InputTensor, Layout, free_inputs, layout_of, pack
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.tflite.variables import variables
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.vocabulary import StateKeeper

SEQUENCES = 16
STEPS = 10  # of a model that carries a state from Invoke to Invoke
SEED = 20261122
SMALL_INTEGERS = 10  # exclusive, where nothing says what an integer means

# Operators that hand an input on without a change of its meaning.
PASSING = frozenset({"CAST", "EXPAND_DIMS", "RESHAPE", "SQUEEZE", "SLICE", "STRIDED_SLICE"})


@dataclass(frozen=True)
class Draw:
    """How an input is drawn: "normal", or "real" or "whole" numbers from `low` to `high`."""

    kind: Literal["normal", "real", "whole"]
    low: float = 0.0
    high: float = 0.0

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Numbers of a shape."""
        if self.kind == "normal":
            return generator.standard_normal(shape, np.float32)
        if self.kind == "real":
            return generator.uniform(self.low, self.high, shape).astype(np.float32)
        return generator.integers(int(self.low), int(self.high) + 1, shape).astype(np.float32)


@dataclass(frozen=True)
class GeneratedSamples:
    """`sequences` sequences of `steps` Invokes, one `Draw` an input; no labels."""

    layout: Layout
    draws: tuple[Draw, ...]
    steps: int
    sequences: int = SEQUENCES
    missing: str = ""

    @property
    def sha256(self) -> str:
        """Of what they are made from, in place of a file."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @property
    def sentence(self) -> str:
        """What a report says of them."""
        each = f" of {self.steps} steps" if self.steps > 1 else ""
        return (
            f"{self.sequences} generated input sequences{each}: no samples were given, so these"
            " numbers mean nothing to the model (--hil-samples FILE.npz gives real ones)"
        )

    def load(self) -> Samples:
        """The sequences, the same ones every time."""
        return _generate(self)


@cache
def _generate(wanted: GeneratedSamples) -> Samples:
    generator = np.random.default_rng(SEED)
    arrays = [
        draw.draw(generator, (wanted.sequences, wanted.steps, *_without_batch(tensor.shape)))
        for draw, tensor in zip(wanted.draws, wanted.layout.tensors, strict=True)
    ]
    if len(arrays) == 1 and wanted.steps == 1:
        return Samples(arrays[0].reshape(wanted.sequences, *(arrays[0].shape[2:] or (1,))))
    return Samples(pack(arrays, wanted.layout))


def generated_samples(model: Inspection) -> GeneratedSamples:
    """Samples for a model; its inputs are of types that can be fed (`fit.check_type`)."""
    layout = layout_of(model)
    main = model.subgraphs[0]
    draws = tuple(
        _draw(tensor, main, main.inputs[number])
        for tensor, number in zip(layout.tensors, free_inputs(model), strict=True)
    )
    return GeneratedSamples(layout, draws, STEPS if fed_step_by_step(model) else 1)


def input_ranges(model: Inspection) -> tuple[tuple[float, float] | None, ...]:
    """What each free input can hold: the ends of its scale, or of the QUANTIZE that takes it; None
    for what is not quantised.
    """
    return tuple(
        (draw.low, draw.high) if draw.kind == "real" else None
        for draw in generated_samples(model).draws
    )


def fed_step_by_step(model: Inspection) -> bool:
    """Whether it takes one step after the other: it keeps a state, and takes no whole window."""
    if state_pairs(model):
        return True
    keepers = {item.keeper for item in variables(model)}
    if StateKeeper.RESOURCE in keepers:
        return True
    axes = [sum(length > 1 for length in tensor.shape) for tensor in model.inputs]
    return bool(keepers) and max(axes, default=0) <= 1


def _draw(tensor: InputTensor, graph: Subgraph, index: int) -> Draw:
    quantization = tensor.quantization
    if quantization.quantised:
        limits = np.iinfo(quantization.dtype)
        return _over(limits.min, limits.max, quantization.scale, quantization.zero_point)
    takers = list(_takers(graph, index))
    if quantization.dtype == "float32":
        ranges = (_quantised_by(graph, operator) for operator, _ in takers)
        return next(filter(None, ranges), Draw("normal"))
    if quantization.dtype == "bool":
        return Draw("whole", 0, 1)
    lengths = [length for taker in takers if (length := _table_length(graph, *taker))]
    return Draw("whole", 0, min(lengths, default=SMALL_INTEGERS) - 1)


def _takers(graph: Subgraph, index: int) -> Iterator[tuple[Operator, int]]:
    """Operators that an input reaches unchanged, with the index of the tensor that they take."""
    for operator in graph.operators:
        if index in operator.inputs:
            yield operator, index
            if operator.name in PASSING and operator.inputs[0] == index:
                for output in operator.outputs:
                    yield from _takers(graph, output)


def _quantised_by(graph: Subgraph, operator: Operator) -> Draw | None:
    if operator.name != "QUANTIZE":
        return None
    output: Tensor = graph.tensors[operator.outputs[0]]
    limits = np.iinfo(output.type)
    return _over(limits.min, limits.max, output.scale, output.zero_point)


def _over(low: int, high: int, scale: float, zero_point: int) -> Draw:
    return Draw("real", scale * (low - zero_point), scale * (high - zero_point))


def _table_length(graph: Subgraph, operator: Operator, index: int) -> int:
    """How many rows an input may look up, if it does."""
    if operator.name == "GATHER" and operator.inputs[1] == index:
        shape = graph.tensors[operator.inputs[0]].shape
        axis = int(operator.options.get("axis", 0))
        return shape[axis] if shape else 0
    if operator.name == "EMBEDDING_LOOKUP" and operator.inputs[0] == index:
        return graph.tensors[operator.inputs[1]].shape[0]
    return 0


def _without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if shape[:1] == (1,) else shape
