"""A chain of layers from equations: what a Keras model computes, in NumPy and double precision.

    forward(describe_chain(model), inputs, Context())

Recurrent layers are those of `tflm_hil.references.equations.cells`; between and after them stand
the layers of `tflm_hil.references.equations.plain`. A cell of the user's own is covered if its file
holds an equation:

    EQUATIONS = {"JordanCell": jordan}      # by the class's name; an activation by its function's

    def jordan(weights, config, x, states):
        ...                                 # x [N, features], each state [N, size], float64
        return output, new_states

`weights` are by their Keras name, `config` is the cell's `get_config()`. All states start at
zero. What no equation covers is `NotExpressible`: such a model has no `cells` rung.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.references.equations.cells import Array, Kind, Layer, States, from_keras, run
from tflm_hil.references.equations.described import Described, NotExpressible
from tflm_hil.references.equations.plain import PLAIN, Equations, activation_of

Mask = NDArray[np.bool_] | None
Equation = Callable[[Mapping[str, Array], Mapping[str, Any], Array, States], tuple[Array, States]]

KINDS: Mapping[str, Kind] = {"SimpleRNN": "simple_rnn", "GRU": "gru", "LSTM": "lstm"}
CELLS = {f"{name}Cell": kind for name, kind in KINDS.items()}

# Layers that do nothing outside of training.
IDLE = frozenset(
    {
        "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "InputLayer",
        "SpatialDropout1D",
    }
)  # fmt: skip

# Layers that act on every step by itself, so that a mask of steps is still true behind them.
KEEPS_MASK = frozenset({"Activation", "Dense", "LeakyReLU", "ReLU", "Softmax", "TimeDistributed"})

MERGES: Mapping[str, Callable[[Array, Array], Array]] = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: 0.5 * (a + b),
    "mul": lambda a, b: a * b,
}


@dataclass
class Context:
    """What the layers of a network share: the user's equations by name, and the states that
    stateful layers left, by the name of the layer.
    """

    own: Equations = field(default_factory=dict)
    memory: dict[str, States] = field(default_factory=dict)


def forward(layers: Sequence[Described], inputs: NDArray[Any], context: Context) -> Array:
    """Outputs of `inputs` `[N, ...]`; raises NotExpressible.

    States are zero before the first step, but those of stateful layers are as the last call with
    this context left them.
    """
    x, mask = np.asarray(inputs, np.float64), None
    for layer in layers:
        x, mask = _apply(layer, x, mask, context)
    return x


def _apply(layer: Described, x: Array, mask: Mask, context: Context) -> tuple[Array, Mask]:
    """The output of a layer, and which steps of it count."""
    kind, config = layer.kind, layer.config
    if kind in IDLE:
        return x, mask
    if kind == "Masking":
        seen: NDArray[np.bool_] = np.any(x != config["mask_value"], axis=-1)
        return x * seen[..., np.newaxis], seen
    if kind == "Bidirectional":
        return _both(layer, x, mask, context)
    if kind in KINDS or kind == "RNN":
        outputs = _recurrent(layer, x, mask, context)
        return outputs, mask if config["return_sequences"] else None
    if mask is not None and kind not in KEEPS_MASK:
        raise NotExpressible(f"layer {layer.name} takes a masked sequence")
    if kind == "TimeDistributed":
        rows, _ = _apply(layer.parts["layer"], x.reshape(-1, *x.shape[2:]), None, context)
        return rows.reshape(*x.shape[:2], *rows.shape[1:]), mask
    if kind not in PLAIN:
        raise NotExpressible(f"layer {layer.name} is a {kind}, of which there is no equation")
    return PLAIN[kind](layer, x, context.own), mask


def _both(layer: Described, x: Array, mask: Mask, context: Context) -> tuple[Array, Mask]:
    merge = MERGES.get(str(layer.config["merge_mode"]))
    if merge is None:
        raise NotExpressible(f"layer {layer.name} keeps its two directions apart")
    ahead = _recurrent(layer.parts["forward"], x, mask, context)
    back = _recurrent(layer.parts["backward"], x, mask, context)
    if not layer.parts["forward"].config["return_sequences"]:
        return merge(ahead, back), None
    # the backward half begins at the end; both are given in the order of time
    return merge(ahead, back[:, ::-1]), mask


def _recurrent(layer: Described, x: Array, mask: Mask, context: Context) -> Array:
    config = layer.config
    if config["return_state"]:
        raise NotExpressible(f"layer {layer.name} gives more than its outputs")
    if x.ndim != 3:
        raise NotExpressible(f"layer {layer.name} takes steps of {x.ndim - 2} axes")
    if config["go_backwards"]:
        x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
    cell = layer.parts.get("cell", layer)
    kind = CELLS.get(cell.kind) or KINDS.get(cell.kind)
    held = context.memory.get(layer.name)
    if kind is None:
        outputs, states = _own_cell(layer, x, mask, held, context.own)
    else:
        known = _known_cell(kind, cell, context.own)
        outputs, states = run(known, x, initial=held, mask=mask)
    if config["stateful"]:
        context.memory[layer.name] = states
    if mask is not None and config["zero_output_for_mask"]:
        outputs = outputs * mask[..., np.newaxis]
    return outputs if config["return_sequences"] else outputs[:, -1]


def _known_cell(kind: Kind, cell: Described, own: Equations) -> Layer:
    weights = cell.weights
    gates = "linear" if kind == "simple_rnn" else activation_of(cell, "recurrent_activation", own)
    return from_keras(
        kind,
        weights["kernel"],
        weights["recurrent_kernel"],
        weights.get("bias"),
        activation=activation_of(cell, "activation", own),
        recurrent_activation=gates,
        reset_after=bool(cell.config.get("reset_after")),
    )


def _own_cell(
    layer: Described, x: Array, mask: Mask, held: States | None, own: Equations
) -> tuple[Array, States]:
    cell = layer.parts["cell"]
    equation: Equation | None = own.get(cell.kind)
    if equation is None:
        raise NotExpressible(f"layer {layer.name} has a {cell.kind}, of which there is no equation")
    if mask is not None:
        raise NotExpressible(f"layer {layer.name} takes a masked sequence")
    states = held or tuple(np.zeros((len(x), size)) for size in cell.states)
    outputs = []
    for t in range(x.shape[1]):
        output, states = equation(cell.weights, cell.config, x[:, t], states)
        outputs.append(output)
    return np.stack(outputs, axis=1), states
