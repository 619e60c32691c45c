"""Single step: (x, state) → (y, state'): a sequence of any length streams in constant memory.

Signature names: input `x`, output `y`, and for every state `h` an input `h` and an output
`h_next`; in a stack they carry the layer's name (`encoder_h`). The order of tensors in the
flatbuffer is the converter's own: bind by name, two states of one shape are swapped silently.
`y` is what the Keras model would give if the sequence ended with this step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, Feed, Padding
from tflm_hil.models.convert.exports.inputs import ModelInput, each, inputs_of, named_as_keras
from tflm_hil.models.convert.exports.masks import met_by
from tflm_hil.models.convert.exports.rebuild import load, rebuild
from tflm_hil.models.convert.exports.saved import converter_of, output_names
from tflm_hil.models.convert.exports.steps import StepGraph
from tflm_hil.models.convert.samples import Sequences
from tflm_hil.models.tflite.states import NEXT

# Calibration steps; every one costs an interpreter run, and their ranges settle long before.
CALIBRATION_STEPS = 4000


def converter(model_path: Path, *, exact: bool = True) -> Export:
    """Export one step of a model; raises ValueError for layers that need the whole window.

    Not `exact`: masks are made so that an integer scale tells padding, see `masks`.
    """
    model = rebuild(load(str(model_path)), unroll=False, stateless=True)
    taken = inputs_of(model)
    graph = StepGraph(model, taken, exact=exact)
    stepper = Stepper(graph, taken, output_names(len(model.outputs)))
    return Export(
        converter_of(stepper.function),
        stepper.probe,
        stepper.representative,
        padding=stepper.padding,
        finish=lambda content: named_as_keras(content, taken),
    )


class Stepper:
    """A graph of one step, driven over sequences."""

    def __init__(
        self, graph: StepGraph, taken: Sequence[ModelInput], outputs: Sequence[str]
    ) -> None:
        self._graph, self._taken, self._outputs = graph, taken, outputs
        specs = {
            item.key: tf.TensorSpec(
                (1, *(item.shape[1:] if timed else item.shape)), item.dtype, name=item.key
            )
            for item, timed in zip(taken, graph.timed, strict=True)
        }
        specs |= {
            state.name: tf.TensorSpec((1, state.size), name=state.name) for state in graph.states
        }
        # once for what it decides by trying
        values, _ = self._walk({key: tf.zeros(x.shape, x.dtype) for key, x in specs.items()})
        self._every = [value.timed for value in values]
        self.function = tf.function(self._run, autograph=False).get_concrete_function(**specs)
        self._met = tf.function(self._observed, autograph=False).get_concrete_function(**specs)

    def _walk(self, tensors: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        held = {state.name: tensors[state.name] for state in self._graph.states}
        return self._graph([tensors[item.key] for item in self._taken], held)

    def _run(self, **tensors: Any) -> dict[str, Any]:
        """One step: outputs and the next states by name."""
        values, left = self._walk(tensors)
        named = {name: value.tensor for name, value in zip(self._outputs, values, strict=True)}
        return named | {name + NEXT: state for name, state in left.items()}

    def _observed(self, **tensors: Any) -> list[Any]:
        """What every Masking layer meets in a step: least and largest number, and the distance."""
        self._walk(tensors)
        met = self._graph.observed
        self._names = [(name, value) for name, value, *_ in met]
        return [(tf.reduce_min(x), tf.reduce_max(x), far) for *_, x, far in met]

    def padding(self, samples: Sequences) -> list[Padding]:
        """What every Masking layer meets in samples; each time that it is called counts."""
        if not self._names:
            return []
        met = [
            self._met(**tensors) for sample in each(samples) for tensors, _ in self.steps(sample)
        ]
        return met_by(self._names, met)

    def probe(self, samples: Sequences) -> list[NDArray[np.float32]]:
        """The outputs of all steps from a zero state, or of the last one, of every sequence."""
        found: list[list[NDArray[np.float32]]] = []
        for sample in each(samples):
            results = [result for _, result in self.steps(sample)]
            outputs = []
            for name, every in zip(self._outputs, self._every, strict=True):
                steps = [np.asarray(result[name], np.float32)[0] for result in results]
                outputs.append(np.stack(steps) if every else steps[-1])
            found.append(outputs)
        return [np.stack(parts) for parts in zip(*found, strict=True)]

    def representative(self, samples: Sequences) -> Iterator[Feed]:
        """Sequences and float states as they occur on real sequences.

        Whole sequences, so that late states are among them; every n-th if they are too many. The
        last step comes twice: the state after a sequence must be fed once, or the input's range
        would not hold what the output's does.
        """
        sequences = each(samples)
        steps = max(
            sequences[0][item.name].shape[1]
            for item, timed in zip(self._taken, self._graph.timed, strict=True)
            if timed
        )
        wanted = max(1, CALIBRATION_STEPS // steps)
        for sample in sequences[:: -(-len(sequences) // wanted)]:
            for tensors, _ in self.steps(sample, again=True):
                yield {name: np.asarray(value) for name, value in tensors.items()}

    def steps(
        self, sample: Sequences, *, again: bool = False
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """What goes into every step of a sequence and what comes out; the last `again`."""
        held = {state.name: tf.zeros((1, state.size)) for state in self._graph.states}
        rows: dict[str, NDArray[Any]] = {}
        count = 0
        for item, timed in zip(self._taken, self._graph.timed, strict=True):
            array = item.tensor(sample[item.name])
            if timed:
                array, count = array[0], len(array[0])
            rows[item.key] = array
        for number in [*range(count), *([count - 1] if again else [])]:
            tensors = {
                item.key: tf.constant(
                    rows[item.key][number : number + 1] if timed else rows[item.key]
                )
                for item, timed in zip(self._taken, self._graph.timed, strict=True)
            } | held
            result = self.function(**tensors)
            held = {name: result[name + NEXT] for name in held}
            yield tensors, result
