"""What can go wrong with a cell's weights, biases, functions and output.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import numpy as np

from harness.diagnosis.case import Case
from harness.diagnosis.fit import Explanation, Observed, Vector, best_of, fitted
from harness.references.cells import GATES, Layer


def output_scale(case: Case, observed: Observed) -> Explanation | None:
    """The layer's output is read with the scale of another tensor; its state is right."""

    def make(p: Vector) -> Case:
        return replace(case, features=lambda h: p[0] * h + p[1])

    starts = [(scale, 0.0) for scale in (0.5, 1.0, 2.0)]
    return fitted(make, starts, observed, lambda p: f"it is read as {p[0]:.3g}·h {p[1]:+.3g}")


def bias_scale(case: Case, observed: Observed) -> Explanation | None:
    """One bias for all steps, quantised for the scale of the first."""
    if case.steps < 2:
        return None

    def make(p: Vector) -> Case:
        def layer_at(t: int, layer: Layer) -> Layer:
            if t == 0:
                return layer
            return replace(
                layer,
                bias={k: p[0] * v for k, v in layer.bias.items()},
                recurrent_bias={k: p[0] * v for k, v in layer.recurrent_bias.items()},
            )

        return replace(case, layer_at=layer_at)

    starts = [(scale,) for scale in (0.4, 0.7, 1.0, 1.5, 2.5)]
    return fitted(make, starts, observed, lambda p: f"from step 1 on it counts {p[0]:.3g}-fold")


def gate_order(case: Case, observed: Observed) -> Explanation | None:
    """The gates' weights are in another order than the cell takes them."""
    gates = GATES[case.layer.kind]
    if len(gates) < 2:
        return None
    changes = (
        (f"{', '.join(order)} instead of {', '.join(gates)}",
         replace(case, layer=case.layer.with_gates(order)))
        for order in permutations(gates)
        if order != gates
    )  # fmt: skip
    return best_of(changes, observed)


def reset_or_bias(case: Case, observed: Observed) -> Explanation | None:
    """A bias is missing, or the GRU resets on the other side of the product."""
    layer = case.layer
    nothing = {name: np.zeros_like(value) for name, value in layer.bias.items()}

    def changes() -> Iterator[tuple[str, Layer]]:
        yield "all biases are missing", replace(layer, bias=nothing, recurrent_bias=nothing)
        if layer.kind == "gru":
            turned = replace(layer, reset_after=not layer.reset_after)
            side = "before" if layer.reset_after else "after"
            yield f"the reset acts {side} the product", turned
        if layer.reset_after:
            yield "the recurrent bias is missing", replace(layer, recurrent_bias=nothing)
            yield "the input bias is missing", replace(layer, bias=nothing)
            summed = {k: v + layer.recurrent_bias[k] for k, v in layer.bias.items()}
            both = replace(layer, bias=summed, recurrent_bias=nothing)
            yield "the recurrent bias escapes the reset gate", both

    return best_of(((text, replace(case, layer=new)) for text, new in changes()), observed)


def activation(case: Case, observed: Observed) -> Explanation | None:
    """Another function stands in for the sigmoid or the tanh."""
    layer = case.layer

    def changes() -> Iterator[tuple[str, Layer]]:
        if layer.kind != "simple_rnn":
            for name in ("sigmoid", "hard_sigmoid_keras2", "hard_sigmoid", "tanh"):
                if name != layer.recurrent_activation:
                    text = f"{name} instead of {layer.recurrent_activation} in the gates"
                    yield text, replace(layer, recurrent_activation=name)
        for name in ("tanh", "hard_tanh", "relu", "sigmoid", "softsign", "linear"):
            if name != layer.activation:
                text = f"{name} instead of {layer.activation}"
                yield text, replace(layer, activation=name)

    with np.errstate(over="ignore", invalid="ignore"):
        return best_of(((text, replace(case, layer=new)) for text, new in changes()), observed)


def backward_half(case: Case, observed: Observed) -> Explanation | None:
    """The backward half of a bidirectional layer is read, written or placed wrongly."""
    half = case.backward
    if half is None:
        return None
    changes = [
        ("it reads the sequence forwards", replace(half, reads_reversed=False)),
        ("its outputs stay in reversed order", replace(half, restores_order=False)),
        ("it comes before the forward half", replace(half, comes_second=False)),
        ("it has the weights of the forward half", replace(half, layer=case.layer)),
    ]
    return best_of([(text, replace(case, backward=new)) for text, new in changes], observed)
