"""Single step: (x, state) → (y, state'): a sequence of any length streams in constant memory.

Signature names: input `x`, output `y`, and for every state `h` an input `h` and an output
`h_next`; in a stack they carry the layer's name (`encoder_h`). The order of tensors in the
flatbuffer is the converter's own: bind by name, two states of one shape are swapped silently.
`y` is what the Keras model would give if the sequence ended with this step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, only
from tflm_hil.models.convert.exports.chain import (
    Both,
    Link,
    Plain,
    Recurrent,
    read_chain,
)
from tflm_hil.models.convert.exports.rebuild import load, rebuild
from tflm_hil.models.convert.exports.saved import converter_of
from tflm_hil.models.layer_kinds import POINTWISE
from tflm_hil.models.tflite.states import NEXT

# Calibration steps; every one costs an interpreter run, and their ranges settle long before.
CALIBRATION_STEPS = 4000

Step = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class State:
    """A state by its signature name."""

    name: str
    size: int


def converter(model_path: Path) -> Export:
    """Export one step of a chain; raises ValueError for layers that need the whole window."""
    model = rebuild(load(str(model_path)), unroll=False, stateless=True)
    links = read_chain(model)
    check(links)
    states = states_of(links)
    features = (1, *model.input_shape[2:])
    if len(features) != 2:
        raise ValueError(f"a step of the model has shape {features[1:]}, not one row of features")
    specs = {state.name: tf.TensorSpec((1, state.size), tf.float32) for state in states}
    specs["x"] = tf.TensorSpec(features, tf.float32)
    function = tf.function(lambda **tensors: step(links, tensors)).get_concrete_function(
        **{name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in specs.items()}
    )
    last = [link for link in links if isinstance(link, Recurrent)][-1]
    return Export(
        converter=converter_of(function),
        probe=lambda x: [
            np.stack([_sequence(function, states, row, every=last.sequences) for row in only(x)])
        ],
        representative=lambda x: representative(function, states, only(x)),
    )


def check(links: tuple[Link, ...]) -> None:
    """Refuse what does not depend on one step and the states alone."""
    last_seen: Recurrent | None = None
    for link in links:
        if isinstance(link, Both) or (isinstance(link, Recurrent) and link.backward):
            raise ValueError(
                f"layer {link.name} reads the sequence from its end; a single step cannot"
            )
        if last_seen is not None and not last_seen.sequences and isinstance(link, Recurrent):
            raise ValueError(f"layer {link.name} does not run step by step with {last_seen.name}")
        if isinstance(link, Recurrent):
            last_seen = link
        elif isinstance(link, Plain):
            after_last = last_seen is not None and not last_seen.sequences
            if link.kind not in POINTWISE and not (after_last and link.kind == "Flatten"):
                raise ValueError(
                    f"layer {link.name} is a {link.kind}; the single step takes layers that treat"
                    " every step by itself"
                )


def states_of(links: tuple[Link, ...]) -> tuple[State, ...]:
    """All states in the order of the layers; layer names only where several layers have states."""
    recurrent = [link for link in links if isinstance(link, Recurrent)]
    kept = []
    for link in recurrent:
        prefix = f"{link.name}_" if len(recurrent) > 1 else ""
        for name, size in zip(link.cell.state_names, link.cell.state_sizes, strict=True):
            kept.append(State(f"{prefix}{name}", size))
    return tuple(kept)


def step(links: tuple[Link, ...], tensors: dict[str, Any]) -> dict[str, Any]:
    """All layers for one row `x`; answers `y` and the next states by name."""
    x = tensors["x"]
    names = [state.name for state in states_of(links)]
    results: dict[str, Any] = {}
    for link in links:
        if isinstance(link, Recurrent):
            own, names = names[: len(link.cell.state_names)], names[len(link.cell.state_names) :]
            x, new = link.cell.step(x, [tensors[name] for name in own])
            results |= {name + NEXT: value for name, value in zip(own, new, strict=True)}
        elif isinstance(link, Plain):
            x = link(x)
    return {"y": x, **results}


def _sequence(
    function: Step, states: tuple[State, ...], rows: NDArray[np.float32], *, every: bool
) -> NDArray[np.float32]:
    """The outputs of all steps from a zero state, or of the last one."""
    outputs = [np.asarray(result["y"])[0] for _, result in _walk(function, states, rows)]
    return np.stack(outputs) if every else outputs[-1]


def representative(
    function: Step, states: tuple[State, ...], sequences: NDArray[np.float32]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Inputs and float states as they occur on real sequences.

    Whole sequences, so that late states are among them; every n-th if they are too many. The last
    row comes twice: the state after a sequence must be fed once, or the input's range would not
    hold what the output's does.
    """
    wanted = max(1, CALIBRATION_STEPS // sequences.shape[1])
    for rows in sequences[:: -(-len(sequences) // wanted)]:
        for tensors, _ in _walk(function, states, np.concatenate([rows, rows[-1:]])):
            yield {name: np.asarray(value, np.float32) for name, value in tensors.items()}


def _walk(
    function: Step, states: tuple[State, ...], rows: NDArray[np.float32]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What goes into every step of a sequence and what comes out."""
    held = {state.name: tf.zeros((1, state.size)) for state in states}
    for row in rows:
        tensors = {"x": tf.constant(row[np.newaxis]), **held}
        result = function(**tensors)
        held = {state.name: result[state.name + NEXT] for state in states}
        yield tensors, result
