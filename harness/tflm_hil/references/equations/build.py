"""From the description of a network to its equations.

    build(description, equations).run(inputs)

A cell of the user's own is covered if the user's file holds an equation:

    EQUATIONS = {"JordanCell": jordan}      # by the class's name; an activation by its function's

    def jordan(weights, config, x, states):
        ...                                 # x [N, features], each state [N, size], float64
        return output, new_states

`weights` are by their Keras name, `config` is the cell's `get_config()` as JSON has it. What no
equation covers is `NotExpressible`, with what stands in the way and the name of the layer.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tflm_hil.models.layer_kinds import IDLE, RECURRENT
from tflm_hil.references.equations.cells import (
    Activation,
    Array,
    Kind,
    Layer,
    OwnCell,
    from_keras,
    own_layer,
)
from tflm_hil.references.equations.description import Described, DescribedDecoder, Description
from tflm_hil.references.equations.network import (
    MERGES,
    Backward,
    Decoder,
    Mask,
    Network,
    Part,
    Plain,
    Recurrent,
)
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.plain import PLAIN, Equations, MaskUse, activation_of, dense

KINDS: dict[str, Kind] = {"SimpleRNN": "simple_rnn", "GRU": "gru", "LSTM": "lstm"}


def build(description: Description, equations: Equations) -> Network:
    """The network of a description; `equations` are the user's own, by name.

    Raises NotExpressible.
    """
    parts = tuple(
        part_of(layer, equations)
        for layer in description.layers
        if layer.own or layer.kind not in IDLE
    )
    if description.decoder is None:
        return Network(parts)
    return Network(parts, _decoder(description.decoder, equations))


def part_of(layer: Described, equations: Equations) -> Part:
    """A layer by its equation; raises NotExpressible."""
    kind = layer.kind
    if layer.own:
        raise NotExpressible(Obstacle.NO_EQUATION, layer.name, kind)
    if kind in RECURRENT:
        return _recurrent(layer, equations)
    if kind == "Bidirectional":
        return _bidirectional(layer, equations)
    if kind == "Masking":
        return _masking(layer)
    if kind == "TimeDistributed":
        return _at_every_step(layer, equations)
    if kind not in PLAIN:
        raise NotExpressible(Obstacle.NO_EQUATION, layer.name, kind)
    plain = PLAIN[kind]
    marks = _not_zero if layer.config.get("mask_zero") else None
    return Plain(layer.name, plain.make(layer, equations), plain.mask, marks)


def _not_zero(x: Array) -> Mask:
    """Where an Embedding with `mask_zero` has something to look up."""
    return np.asarray(x != 0.0)


def _masking(layer: Described) -> Plain:
    """A step whose features all have the mask value is masked, and zero from there on."""

    def marks(x: Array) -> Mask:
        return np.asarray(np.any(x != layer.config["mask_value"], axis=-1))

    return Plain(layer.name, lambda x: x * marks(x)[..., np.newaxis], marks=marks)


def _recurrent(layer: Described, equations: Equations) -> Recurrent:
    config = layer.config
    return Recurrent(
        _layer(layer, equations),
        bool(config["return_sequences"]),
        layer.name,
        goes_backwards=bool(config["go_backwards"]),
        initial=layer.initial or None,
        stateful=bool(config["stateful"]),
        zero_masked=bool(config["zero_output_for_mask"]),
        ignores_mask=layer.ignores_mask,
    )


ALIKE = ("return_sequences", "stateful", "zero_output_for_mask")
"""Settings in which we take the halves of a bidirectional layer to agree."""


def _bidirectional(layer: Described, equations: Equations) -> Recurrent:
    merge = layer.config["merge_mode"]
    if merge not in MERGES:
        raise NotExpressible(Obstacle.HALVES_APART, layer.name)
    ahead, back = layer.parts["forward"], layer.parts["backward"]
    for half in (ahead, back):
        if half.own or half.kind not in RECURRENT:
            raise NotExpressible(Obstacle.NO_CELL_EQUATION, layer.name, half.kind)
    for setting in ALIKE:
        if ahead.config[setting] != back.config[setting]:
            raise NotExpressible(Obstacle.HALVES_DIFFER, layer.name, setting)
    if ahead.config["go_backwards"] == back.config["go_backwards"]:
        raise NotExpressible(Obstacle.HALVES_DIFFER, layer.name, "direction no more")
    count = len(layer.initial) // 2
    backward = Backward(_layer(back, equations), merge=merge, initial=layer.initial[count:] or None)
    forward = _recurrent(ahead, equations)
    return replace(
        forward,
        name=layer.name,
        backward=backward,
        initial=layer.initial[:count] or None,
        ignores_mask=layer.ignores_mask,
    )


def _layer(layer: Described, equations: Equations) -> Layer:
    """The cell of a recurrent layer."""
    cell = layer.parts.get("cell", layer)
    kind = None if cell.own else KINDS.get(cell.kind.removesuffix("Cell"))
    if kind is not None:
        return known_layer(kind, cell, equations)
    equation = equations.get(cell.kind)
    if equation is None:
        raise NotExpressible(Obstacle.NO_CELL_EQUATION, layer.name, cell.kind)
    return own_layer(OwnCell(cell.kind, equation, cell.weights, cell.config, cell.state_sizes))


def known_layer(kind: Kind, cell: Described, equations: Equations) -> Layer:
    """A cell of Keras' own; raises NotExpressible."""
    weights = cell.weights
    gates: str | Activation = "sigmoid"
    if kind != "simple_rnn":
        gates = activation_of(cell, "recurrent_activation", equations)
    return from_keras(
        kind,
        weights["kernel"],
        weights["recurrent_kernel"],
        weights.get("bias"),
        activation=activation_of(cell, "activation", equations),
        recurrent_activation=gates,
        reset_after=bool(cell.config.get("reset_after")),
    )


def _at_every_step(layer: Described, equations: Equations) -> Plain:
    """The layer in a TimeDistributed, with the steps of all sequences as its rows."""
    inner = part_of(layer.parts["layer"], equations)
    if isinstance(inner, Recurrent) and inner.stateful:
        raise NotExpressible(Obstacle.SETTING, layer.name, "a stateful layer at every step")

    def function(x: Array) -> Array:
        rows = x.reshape(-1, *x.shape[2:])
        if isinstance(inner, Recurrent):
            rows, _ = inner.run(rows, None, inner.start(len(rows)))
        else:
            rows = inner(rows)
        return rows.reshape(*x.shape[:2], *rows.shape[1:])

    # what Keras does with a step's own mask is open for layers that take one
    counts = isinstance(inner, Recurrent) or (
        isinstance(inner, Plain) and (inner.mask is MaskUse.COUNTS or inner.marks is not None)
    )
    return Plain(layer.name, function, MaskUse.COUNTS if counts else MaskUse.KEPT)


def _decoder(decoder: DescribedDecoder, equations: Equations) -> Decoder:
    return Decoder(
        _layer(decoder.layer, equations),
        dense(decoder.head, equations),
        decoder.seed,
        decoder.steps,
    )
