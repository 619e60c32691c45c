"""Shift-register loop: a loop that also converts to int8, its size independent of the length.

The calibrator cannot walk through Keras' own loop, because variables pass through that loop
unchanged (tensorflow issue 75140), and its slices have dynamic shapes, which TFLM does not
support and does not refuse (tflite-micro issue 3674). Here the window is a register that turns by
one row a step: a step reads the first row and moves it to the end. Every shape is static and
every loop variable changes.

Layers that are stateful take their states as inputs `h` and give them back as outputs `h_next`
(with the layer's name in front where there are several such layers): one call is a chunk of a
longer sequence, and whoever drives the model feeds the states back, as with a single step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, Feed, Padding
from tflm_hil.models.convert.exports.graph import Graph
from tflm_hil.models.convert.exports.inputs import ModelInput, each, inputs_of, named_as_keras
from tflm_hil.models.convert.exports.links import Recurrent
from tflm_hil.models.convert.exports.masks import met_by
from tflm_hil.models.convert.exports.rebuild import load, rebuild
from tflm_hil.models.convert.exports.saved import converter_of, output_names
from tflm_hil.models.convert.samples import Sequences
from tflm_hil.models.tflite.states import NEXT


def converter(model_path: Path, *, exact: bool = True) -> Export:
    """Export every recurrent layer as one loop; raises ValueError naming what it cannot take.

    Not `exact`: masks are made so that an integer scale tells padding, see `masks`.
    """
    # rebuilt for its fixed shape; the loops below are ours
    model = rebuild(load(str(model_path)), unroll=False)
    graph = Graph(model, loop, exact=exact)
    taken = inputs_of(model)
    outputs = output_names(len(model.outputs))
    function = function_of(graph, taken, outputs)

    def probe(samples: Sequences) -> list[NDArray[np.float32]]:
        results = [result for _, result in walk(function, graph, taken, windows(samples))]
        return [np.concatenate([np.asarray(item[name]) for item in results]) for name in outputs]

    def windows(samples: Sequences) -> list[dict[str, NDArray[Any]]]:
        cut = {
            item.name: samples[item.name].reshape(-1, *(size or 1 for size in item.shape))
            for item in taken
        }
        return each(cut)

    def representative(samples: Sequences) -> Iterator[Feed]:
        # windows that stand alone are taken as one sequence, as a stateful Keras model does
        alone = graph.states and len(windows(samples)) == len(each(samples))
        for sequence in [samples] if alone else each(samples):
            parts = windows(sequence)
            # the last twice: the state that it leaves must be fed once, or the input's range would
            # not hold what the output's does
            parts += parts[-1:] if graph.states else []
            for tensors, _ in walk(function, graph, taken, parts):
                yield {name: np.asarray(value) for name, value in tensors.items()}

    return Export(
        converter_of(function),
        probe,
        representative,
        carries_state=bool(graph.states),
        padding=lambda samples: padding(graph, taken, windows(samples)),
        finish=lambda content: named_as_keras(content, taken),
    )


def function_of(
    graph: Graph,
    taken: Sequence[ModelInput],
    outputs: Sequence[str],
    also: Callable[[], dict[str, Any]] = dict,
) -> Any:
    """The concrete function of a graph: inputs and states by name, outputs and next states, and
    what there is `also` after the graph has run.
    """
    specs = {state.name: tf.TensorSpec((1, state.size), name=state.name) for state in graph.states}
    for item in taken:
        specs[item.key] = tf.TensorSpec((1, *item.shape), item.dtype, name=item.key)

    def run(**tensors: Any) -> dict[str, Any]:
        results, left = graph([tensors.pop(item.key) for item in taken], tensors)
        named = dict(zip(outputs, results, strict=True))
        return named | {name + NEXT: state for name, state in left.items()} | also()

    return tf.function(run, autograph=False).get_concrete_function(**specs)


def walk(
    function: Any, graph: Graph, taken: Sequence[ModelInput], windows: Sequence[Sequences]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What goes into every call and what comes out: windows one after the other, from zero states
    before the first.
    """
    held = {state.name: tf.zeros((1, state.size)) for state in graph.states}
    for window in windows:
        tensors = {item.key: tf.constant(item.tensor(window[item.name])) for item in taken} | held
        result = function(**tensors)
        held = {name: result[name + NEXT] for name in held}
        yield tensors, result


def padding(
    graph: Graph, taken: Sequence[ModelInput], windows: Sequence[Sequences]
) -> list[Padding]:
    """What every Masking layer meets in windows; each time that it is called counts."""
    zero = {state.name: tf.zeros((1, state.size)) for state in graph.states}
    names: list[tuple[str, float]] = []

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def observe(*tensors: Any) -> list[Any]:
        graph(tensors, zero)
        names[:] = [(name, value) for name, value, *_ in graph.observed]
        return [(tf.reduce_min(x), tf.reduce_max(x), far) for *_, x, far in graph.observed]

    met = [
        observe(*(tf.constant(item.tensor(window[item.name])) for item in taken))
        for window in windows
    ]
    return met_by(names, met)


def loop(
    link: Recurrent,
    x: Any,
    *,
    states: Sequence[Any],
    from_zero: bool,
    mask: Any = None,
    in_time_order: bool = False,
) -> tuple[Any, list[Any]]:
    """One recurrent layer as a loop, see `graph.Loop`; a single step without one."""
    batch, steps, features = (int(size) for size in x.shape)
    cell = link.cell
    count = len(states)
    masked = mask is not None
    # the register holds [T, F], or [T, N, F] of several windows side by side
    side = (batch,) if batch > 1 else ()
    window = tf.transpose(x, (1, 0, 2)) if side else tf.reshape(x, (steps, features))
    # the last output where the states do not hold it: of every step if padding repeats it, and
    # before the first that is none Keras gives 0
    held = cell.output_is_state and from_zero
    separate = masked and not held and not link.zero_masked
    if not link.sequences:
        separate |= not cell.output_is_state or (masked and link.zero_masked)
    variables = [tf.constant(0), window, *states]
    if masked:
        variables.append(mask)
    if separate:
        variables.append(tf.zeros((batch, cell.output_size)))
    if link.sequences:
        variables.append(tf.zeros((steps, *side, cell.output_size)))
    prepend = link.backward and in_time_order

    def body(i: Any, window: Any, *rest: Any) -> list[Any]:
        row, turned = _turn(window, backward=link.backward)
        old, more = list(rest[:count]), list(rest[count:])
        y, new = cell.step(row[0] if side else row, old)
        carried = [i + 1, turned]
        if masked:
            kept, turned_mask = _turn(more.pop(0), backward=link.backward)
            new = [tf.where(kept, one, other) for one, other in zip(new, old, strict=True)]
            if link.zero_masked:
                y = tf.where(kept, y, tf.zeros_like(y))
            else:
                y = new[0] if held else tf.where(kept, y, more[0])
            carried += [*new, turned_mask]
        else:
            carried += new
        if separate:
            carried.append(y)
        if link.sequences:
            outputs, y = more[-1], y[tf.newaxis] if side else y
            parts = [y, outputs[:-1]] if prepend else [outputs[1:], y]
            carried.append(tf.concat(parts, axis=0))
        return carried

    if steps == 1:
        results = body(*variables)
    else:
        results = tf.while_loop(lambda i, *_: i < steps, body, variables)
    left = list(results[2 : 2 + count])
    if link.sequences:
        outputs = results[-1]
        return (tf.transpose(outputs, (1, 0, 2)) if side else outputs[tf.newaxis]), left
    return (results[-1] if separate else left[0]), left


def _turn(window: Any, *, backward: bool) -> tuple[Any, Any]:
    """The row of this step, and the register with that row moved to its other end."""
    if backward:
        return window[-1:], tf.concat([window[-1:], window[:-1]], axis=0)
    return window[:1], tf.concat([window[1:], window[:1]], axis=0)
