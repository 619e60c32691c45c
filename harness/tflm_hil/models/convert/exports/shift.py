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

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, Feed, only
from tflm_hil.models.convert.exports.graph import Graph
from tflm_hil.models.convert.exports.links import Recurrent
from tflm_hil.models.convert.exports.rebuild import load, rebuild
from tflm_hil.models.convert.exports.saved import converter_of
from tflm_hil.models.convert.samples import Sequences
from tflm_hil.models.tflite.states import NEXT


def converter(model_path: Path) -> Export:
    """Export every recurrent layer as one loop; raises ValueError naming what it cannot take."""
    # rebuilt for its fixed shape; the loops below are ours
    model = rebuild(load(str(model_path)), unroll=False)
    if len(model.inputs) != 1:
        raise ValueError(f"the model has {len(model.inputs)} inputs; this export takes one")
    graph = Graph(model, loop)
    outputs = output_names(len(model.outputs))
    specs = {state.name: tf.TensorSpec((1, state.size), name=state.name) for state in graph.states}
    specs["x"] = tf.TensorSpec((1, *model.input_shape[1:]), name="x")

    def run(**tensors: Any) -> dict[str, Any]:
        results, left = graph(tensors.pop("x"), tensors)
        named = dict(zip(outputs, results, strict=True))
        return named | {name + NEXT: state for name, state in left.items()}

    function = tf.function(run, autograph=False).get_concrete_function(**specs)
    chunk = int(model.input_shape[1])

    def probe(windows: Sequences) -> list[NDArray[np.float32]]:
        results = [result for _, result in walk(function, graph, only(windows), chunk)]
        return [np.concatenate([np.asarray(item[name]) for item in results]) for name in outputs]

    def representative(given: Sequences) -> Iterator[Feed]:
        sequences = only(given)
        # windows that stand alone are taken as one sequence, as a stateful Keras model does
        alone = sequences.shape[1] == chunk and graph.states
        for rows in [sequences] if alone else sequences[:, np.newaxis]:
            for tensors, _ in walk(function, graph, _once_more(rows, chunk), chunk):
                yield {name: np.asarray(value, np.float32) for name, value in tensors.items()}

    return Export(converter_of(function), probe, representative, carries_state=bool(graph.states))


def walk(
    function: Any, graph: Graph, sequences: NDArray[np.float32], chunk: int
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What goes into every call and what comes out: sequences `[N, k·T, F]` in chunks of T, one
    after the other, from zero states before the first.
    """
    held = {state.name: tf.zeros((1, state.size)) for state in graph.states}
    for window in sequences.reshape(-1, chunk, *sequences.shape[2:]):
        tensors = {"x": tf.constant(window[np.newaxis]), **held}
        result = function(**tensors)
        held = {name: result[name + NEXT] for name in held}
        yield tensors, result


def _once_more(rows: NDArray[np.float32], chunk: int) -> NDArray[np.float32]:
    """A sequence `[N, T, F]` as one of windows, its last twice: the state that it leaves must be
    fed once, or the input's range would not hold what the output's does.
    """
    windows = rows.reshape(-1, chunk, *rows.shape[2:])
    return np.concatenate([windows, windows[-1:]])


def output_names(count: int) -> list[str]:
    """Signature names of a model's outputs: `y`, or `y0`, `y1`, … in the order of the model."""
    return ["y"] if count == 1 else [f"y{number}" for number in range(count)]


def loop(
    link: Recurrent,
    x: Any,
    *,
    states: Sequence[Any],
    mask: Any = None,
    in_time_order: bool = False,
) -> tuple[Any, list[Any]]:
    """One recurrent layer as a loop, see `graph.Loop`; a single step without one."""
    steps, features = int(x.shape[1]), int(x.shape[2])
    cell = link.cell
    count = len(states)
    masked = mask is not None
    # the last output where the states do not hold it: of every step if padding repeats it
    separate = masked and not cell.output_is_state and not link.zero_masked
    if not link.sequences:
        separate |= not cell.output_is_state or (masked and link.zero_masked)
    variables = [tf.constant(0), tf.reshape(x, (steps, features)), *states]
    if masked:
        variables.append(mask)
    if separate:
        variables.append(tf.zeros((1, cell.output_size)))
    if link.sequences:
        variables.append(tf.zeros((steps, cell.output_size)))
    prepend = link.backward and in_time_order

    def body(i: Any, window: Any, *rest: Any) -> list[Any]:
        row, turned = _turn(window, backward=link.backward)
        old, more = list(rest[:count]), list(rest[count:])
        y, new = cell.step(row, old)
        carried = [i + 1, turned]
        if masked:
            kept, turned_mask = _turn(more.pop(0), backward=link.backward)
            new = [tf.where(kept, one, other) for one, other in zip(new, old, strict=True)]
            if link.zero_masked:
                y = tf.where(kept, y, tf.zeros_like(y))
            else:
                y = new[0] if cell.output_is_state else tf.where(kept, y, more[0])
            carried += [*new, turned_mask]
        else:
            carried += new
        if separate:
            carried.append(y)
        if link.sequences:
            outputs = more[-1]
            parts = [y, outputs[:-1]] if prepend else [outputs[1:], y]
            carried.append(tf.concat(parts, axis=0))
        return carried

    if steps == 1:
        results = body(*variables)
    else:
        results = tf.while_loop(lambda i, *_: i < steps, body, variables)
    left = list(results[2 : 2 + count])
    if link.sequences:
        return results[-1][tf.newaxis], left
    return (results[-1] if separate else left[0]), left


def _turn(window: Any, *, backward: bool) -> tuple[Any, Any]:
    """The row of this step, and the register with that row moved to its other end."""
    if backward:
        return window[-1:], tf.concat([window[-1:], window[:-1]], axis=0)
    return window[:1], tf.concat([window[1:], window[:1]], axis=0)
