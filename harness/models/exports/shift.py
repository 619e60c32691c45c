"""Shift-register loop: a loop that also converts to int8, its size independent of the length.

The calibrator cannot walk through Keras' own loop, because variables pass through that loop
unchanged (tensorflow issue 75140), and its slices have dynamic shapes, which TFLM does not
support and does not refuse (tflite-micro issue 3674). Here the window is a register that turns by
one row a step: a step reads the first row and moves it to the end. Every shape is static and
every loop variable changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from harness.models.exports import Export
from harness.models.exports.chain import Both, Link, Plain, Recurrent, read_chain
from harness.models.exports.rebuild import load, rebuild
from harness.models.exports.saved import converter_of


def converter(model_path: Path) -> Export:
    """Export every recurrent layer of a chain as one loop; raises ValueError for other models."""
    # rebuilt for its fixed shape; the loops below are ours
    model = rebuild(load(str(model_path)), unroll=False, stateless=True)
    links = read_chain(model)
    shape = (1, *model.input_shape[1:])

    def run(x: Any) -> dict[str, Any]:
        for link in links:
            x = apply(link, x)
        return {"y": x}

    function = tf.function(run).get_concrete_function(x=tf.TensorSpec(shape, tf.float32, name="x"))
    return Export(
        converter=converter_of(function),
        probe=lambda x: np.concatenate(
            [np.asarray(function(x=tf.constant(row[np.newaxis]))["y"]) for row in x]
        ),
    )


def apply(link: Link, x: Any) -> Any:
    """One link on a whole window: `[1, T, F]` for a recurrent one."""
    if isinstance(link, Plain):
        return link(x)
    if isinstance(link, Both):
        return link.merge(loop(link.forward, x), loop(link.backward, x, in_time_order=True))
    return loop(link, x)


def loop(link: Recurrent, x: Any, *, in_time_order: bool = False) -> Any:
    """One recurrent layer: `[1, T, F]` → `[1, T, U]` or `[1, U]`.

    Like Keras, a backward layer gives its sequence in the order in which it computes it, unless
    it is wanted in the order of time.
    """
    steps, features = int(x.shape[1]), int(x.shape[2])
    cell = link.cell
    states = len(cell.state_sizes)
    variables = [tf.constant(0), tf.reshape(x, (steps, features))]
    variables += [tf.zeros((1, size)) for size in cell.state_sizes]
    if link.sequences:
        variables.append(tf.zeros((steps, cell.output_size)))
    elif not cell.output_is_state:
        variables.append(tf.zeros((1, cell.output_size)))
    prepend = link.backward and in_time_order

    def body(i: Any, window: Any, *rest: Any) -> list[Any]:
        row, turned = _turn(window, backward=link.backward)
        y, new = cell.step(row, rest[:states])
        carried = [i + 1, turned, *new]
        if link.sequences:
            outputs = rest[-1]
            parts = [y, outputs[:-1]] if prepend else [outputs[1:], y]
            carried.append(tf.concat(parts, axis=0))
        elif not cell.output_is_state:
            carried.append(y)
        return carried

    results = tf.while_loop(lambda i, *_: i < steps, body, variables)
    if link.sequences:
        return results[-1][tf.newaxis]
    return results[2] if cell.output_is_state else results[-1]


def _turn(window: Any, *, backward: bool) -> tuple[Any, Any]:
    """The row of this step, and the register with that row moved to its other end."""
    if backward:
        return window[-1:], tf.concat([window[-1:], window[:-1]], axis=0)
    return window[:1], tf.concat([window[1:], window[:1]], axis=0)
