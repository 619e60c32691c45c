"""What can go wrong with a cell's gates, functions and output, and with a backward half.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np

from tflm_hil.explain.case import Case, Change
from tflm_hil.explain.fit import (
    Fit,
    Observed,
    Vector,
    best_of,
    fitted_everywhere,
    from_identity,
)
from tflm_hil.explain.suspects.layers import in_layers
from tflm_hil.references.equations.cells import GATES, Activation, Kind, Layer
from tflm_hil.references.equations.network import Backward, Recurrent
from tflm_hil.report.mistakes import GatesReordered, Mistake, OtherFunction, OutputReadAs, Way

# Keras 2 and Keras 3 call two different functions hard_sigmoid.
GATE_FUNCTIONS = ("sigmoid", "hard_sigmoid_keras2", "hard_sigmoid")
FUNCTIONS = ("tanh", "hard_tanh", "relu", "sigmoid", "softsign", "linear")


def output_scale(case: Case, observed: Observed) -> Fit | None:
    """The layer's output is read with the scale of another tensor; its state is right."""

    def make(p: Vector) -> Change:
        return lambda part: replace(part, output=lambda h: p[0] * h + p[1])

    return fitted_everywhere(
        case,
        make,
        [(scale, 0.0) for scale in (0.5, 1.0, 2.0)],
        observed,
        lambda p: OutputReadAs(float(p[0]), float(p[1])),
        from_identity,
    )


def gate_order(case: Case, observed: Observed) -> Fit | None:
    """The gates' weights are in another order than the cell takes them."""

    def changes() -> Iterator[tuple[Mistake, Case]]:
        for kind in dict.fromkeys(part.layer.kind for part in case.recurrent):
            gates = GATES[kind]
            for order in permutations(gates):
                if order != gates:
                    how = GatesReordered(order, gates)
                    yield from in_layers(case, how, partial(_reordered, kind, order))

    return best_of(changes(), observed)


def _reordered(kind: Kind, order: tuple[str, ...], layer: Layer) -> Layer | None:
    return layer.with_gates(order) if layer.kind == kind else None


def activation(case: Case, observed: Observed) -> Fit | None:
    """Another function stands in for the sigmoid or the tanh."""

    def changes() -> Iterator[tuple[Mistake, Case]]:
        known = [part.layer for part in case.recurrent if part.layer.gates]
        gated = [layer for layer in known if layer.kind != "simple_rnn"]
        for right in dict.fromkeys(layer.recurrent_activation for layer in gated):
            for name in (*GATE_FUNCTIONS, "tanh"):
                if name != right:
                    how = OtherFunction(name, _name(right), in_gates=True)
                    yield from in_layers(case, how, partial(_other_gates, right, name))
        for right in dict.fromkeys(layer.activation for layer in known):
            for name in FUNCTIONS:
                if name != right:
                    how = OtherFunction(name, _name(right), in_gates=False)
                    yield from in_layers(case, how, partial(_other_function, right, name))

    with np.errstate(over="ignore", invalid="ignore"):
        return best_of(changes(), observed)


def _name(activation: str | Activation) -> str:
    """Keras' name of a function, or "" for one of the user's."""
    return activation if isinstance(activation, str) else ""


def _other_gates(right: str | Activation, name: str, layer: Layer) -> Layer | None:
    if layer.kind == "simple_rnn" or layer.recurrent_activation != right:
        return None
    return replace(layer, recurrent_activation=name)


def _other_function(right: str | Activation, name: str, layer: Layer) -> Layer | None:
    return replace(layer, activation=name) if layer.activation == right else None


def backward_half(case: Case, observed: Observed) -> Fit | None:
    """The backward half of a bidirectional layer is read, written or placed wrongly."""

    def changed(change: Callable[[Backward], Backward]) -> Change:
        return lambda part: (
            None if part.backward is None else replace(part, backward=change(part.backward))
        )

    def copied(part: Recurrent) -> Recurrent | None:
        if part.backward is None:
            return None
        return replace(part, backward=replace(part.backward, layer=part.layer))

    ways = [
        (
            Way.BACKWARD_READS_FORWARDS,
            changed(lambda half: replace(half, reads_reversed=False)),
        ),
        (
            Way.BACKWARD_STAYS_REVERSED,
            changed(lambda half: replace(half, restores_order=False)),
        ),
        (
            Way.BACKWARD_COMES_FIRST,
            changed(lambda half: replace(half, comes_second=False)),
        ),
        (Way.BACKWARD_HAS_FORWARD_WEIGHTS, copied),
    ]
    return best_of(
        (
            (Mistake(way, layers), new)
            for way, change in ways
            for layers, new in case.everywhere(change)
        ),
        observed,
    )
