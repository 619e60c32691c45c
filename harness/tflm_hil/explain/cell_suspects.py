"""What can go wrong with a cell's weights, biases, functions and output.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import permutations

import numpy as np

from tflm_hil.explain.case import Case, Change, forward
from tflm_hil.explain.fit import (
    Explanation,
    Observed,
    Vector,
    best_of,
    fitted_everywhere,
    from_identity,
)
from tflm_hil.references.equations.cells import GATES, Activation, Array, Kind, Layer, States
from tflm_hil.references.equations.network import Backward, Recurrent

MakeLayer = Callable[[Layer], Layer | None]

# Keras 2 and Keras 3 call two different functions hard_sigmoid.
GATE_FUNCTIONS = ("sigmoid", "hard_sigmoid_keras2", "hard_sigmoid")
FUNCTIONS = ("tanh", "hard_tanh", "relu", "sigmoid", "softsign", "linear")


def output_scale(case: Case, observed: Observed) -> Explanation | None:
    """The layer's output is read with the scale of another tensor; its state is right."""

    def make(p: Vector) -> Change:
        return lambda part: replace(part, output=lambda h: p[0] * h + p[1])

    starts = [(scale, 0.0) for scale in (0.5, 1.0, 2.0)]
    return fitted_everywhere(
        case,
        make,
        starts,
        observed,
        lambda p: f"it is read as {p[0]:.3g}·h {p[1]:+.3g}",
        from_identity,
    )


def bias_scale(case: Case, observed: Observed) -> Explanation | None:
    """One bias for all steps, quantised for the scale of the first."""
    if case.steps < 2:
        return None

    found = []
    for only, what in ((False, "bias"), (True, "recurrent bias")):
        explained = fitted_everywhere(
            case,
            partial(_later_bias, only),
            [(scale,) for scale in (0.4, 0.7, 1.0, 1.5, 2.5)],
            observed,
            partial("from step 1 on the {} counts {[0]:.3g}-fold".format, what),
            from_identity,
        )
        if explained is not None:
            found.append(explained)
    shared = best_of(_shared_bias(case), observed)
    if shared is not None:
        found.append(shared)
    return min(found, key=lambda item: item.residual, default=None)


@dataclass
class Ranges:
    """Of one layer: the largest |h|, and the largest of what the recurrent weights make of it, at
    every step."""

    layer: Layer
    states: list[float] = field(default_factory=list)
    products: list[float] = field(default_factory=list)

    def note(self, _: int, states: States) -> States:
        """See the states of a step; nothing changed."""
        h, layer = states[0], self.layer
        self.states.append(float(np.abs(h).max()))
        self.products.append(
            max(
                float(np.abs(h @ weights + layer.recurrent_bias[name]).max())
                for name, weights in layer.recurrent.items()
            )
        )
        return states

    @property
    def growth(self) -> float:
        """Of the state, from the first step that leaves one to the last."""
        return self.states[-1] / self.states[1]

    def wrong(self, t: int, layer: Layer) -> Layer:
        """The layer at step t with a bias that was quantised for the scale of step 1. Its product
        saturates where that of the right one ends."""
        if t == 0:
            return layer
        bias = _scaled(layer.recurrent_bias, self.states[t] / self.states[1])
        return replace(layer, recurrent_bias=bias, product_clip=self.products[t])


def _shared_bias(case: Case) -> Iterator[tuple[str, Case]]:
    """One quantised recurrent bias for all steps, whose states have scales of their own.

    At step t it counts as much more as the state's range, and so its scale, is larger than at the
    first step that has a state.
    """
    seen = {id(part): Ranges(part.layer) for part in case.recurrent}
    watched = case.with_each(
        lambda part: replace(part, state_at=seen[id(part)].note) if part.layer.reset_after else None
    )
    if watched is None:
        return
    forward(watched)

    def change(part: Recurrent) -> Recurrent | None:
        ranges = seen[id(part)]
        if not part.layer.reset_after or len(ranges.states) < 3 or not ranges.states[1]:
            return None
        return replace(part, layer_at=ranges.wrong)

    touched = [part for part in case.recurrent if change(part) is not None]
    growth = max((seen[id(part)].growth for part in touched), default=1.0)
    for where, changed in case.everywhere(change):
        yield (
            (
                "all steps share one recurrent bias, though their states have other scales: at the"
                f" last it counts {growth:.3g}-fold{where}"
            ),
            changed,
        )


def _later_bias(recurrent_only: bool, p: Vector) -> Change:
    """From step 1 on biases count p[0]-fold."""

    def layer_at(t: int, layer: Layer) -> Layer:
        if t == 0:
            return layer
        bias = layer.bias if recurrent_only else _scaled(layer.bias, p[0])
        return replace(layer, bias=bias, recurrent_bias=_scaled(layer.recurrent_bias, p[0]))

    def change(part: Recurrent) -> Recurrent | None:
        if not part.layer.gates or (recurrent_only and not part.layer.reset_after):
            return None
        return replace(part, layer_at=layer_at)

    return change


def _scaled(weights: Mapping[str, Array], factor: float) -> dict[str, Array]:
    return {name: factor * value for name, value in weights.items()}


def gate_order(case: Case, observed: Observed) -> Explanation | None:
    """The gates' weights are in another order than the cell takes them."""

    def changes() -> Iterator[tuple[str, Case]]:
        for kind in dict.fromkeys(part.layer.kind for part in case.recurrent):
            gates = GATES[kind]
            for order in permutations(gates):
                if order != gates:
                    text = f"{', '.join(order)} instead of {', '.join(gates)}"
                    yield from _layers(case, text, partial(_reordered, kind, order))

    return best_of(changes(), observed)


def _reordered(kind: Kind, order: tuple[str, ...], layer: Layer) -> Layer | None:
    return layer.with_gates(order) if layer.kind == kind else None


def reset_or_bias(case: Case, observed: Observed) -> Explanation | None:
    """A bias is missing, or the GRU resets on the other side of the product."""

    def without_biases(layer: Layer) -> Layer:
        nothing = _scaled(layer.bias, 0.0)
        return replace(layer, bias=nothing, recurrent_bias=nothing)

    def turned(layer: Layer) -> Layer | None:
        if layer.kind != "gru":
            return None
        return replace(layer, reset_after=not layer.reset_after)

    def after(change: Callable[[Layer], Layer]) -> MakeLayer:
        return lambda layer: change(layer) if layer.reset_after else None

    def summed(layer: Layer) -> Layer:
        both = {k: v + layer.recurrent_bias[k] for k, v in layer.bias.items()}
        return replace(layer, bias=both, recurrent_bias=_scaled(layer.bias, 0.0))

    kinds: list[tuple[str, MakeLayer]] = [
        ("all biases are missing", without_biases),
        (f"the reset acts {_other_side(case)} the product", turned),
        (
            "the recurrent bias is missing",
            after(lambda layer: replace(layer, recurrent_bias=_scaled(layer.bias, 0.0))),
        ),
        (
            "the input bias is missing",
            after(lambda layer: replace(layer, bias=_scaled(layer.bias, 0.0))),
        ),
        ("the recurrent bias escapes the reset gate", after(summed)),
    ]
    return best_of(
        (item for text, change in kinds for item in _layers(case, text, change)), observed
    )


def _other_side(case: Case) -> str:
    """Where the reset of the case's GRU does not act."""
    return "before" if any(part.layer.reset_after for part in case.recurrent) else "after"


def activation(case: Case, observed: Observed) -> Explanation | None:
    """Another function stands in for the sigmoid or the tanh."""

    def changes() -> Iterator[tuple[str, Case]]:
        known = [part.layer for part in case.recurrent if part.layer.gates]
        gated = [layer for layer in known if layer.kind != "simple_rnn"]
        for right in dict.fromkeys(layer.recurrent_activation for layer in gated):
            for name in (*GATE_FUNCTIONS, "tanh"):
                if name != right:
                    text = f"{name} instead of {_called(right)} in the gates"
                    yield from _layers(case, text, partial(_other_gates, right, name))
        for right in dict.fromkeys(layer.activation for layer in known):
            for name in FUNCTIONS:
                if name != right:
                    text = f"{name} instead of {_called(right)}"
                    yield from _layers(case, text, partial(_other_function, right, name))

    with np.errstate(over="ignore", invalid="ignore"):
        return best_of(changes(), observed)


def _called(activation: str | Activation) -> str:
    return activation if isinstance(activation, str) else "the function of your own"


def _other_gates(right: str | Activation, name: str, layer: Layer) -> Layer | None:
    if layer.kind == "simple_rnn" or layer.recurrent_activation != right:
        return None
    return replace(layer, recurrent_activation=name)


def _other_function(right: str | Activation, name: str, layer: Layer) -> Layer | None:
    return replace(layer, activation=name) if layer.activation == right else None


def _layers(case: Case, text: str, change: MakeLayer) -> Iterable[tuple[str, Case]]:
    """The change in all recurrent layers, and in each alone, both halves of a bidirectional one."""

    def made(part: Recurrent) -> Recurrent | None:
        if not part.layer.gates or change(part.layer) is None:
            return None
        return part.with_layer(lambda layer: change(layer) or layer)

    return [(text + where, changed) for where, changed in case.everywhere(made)]


def backward_half(case: Case, observed: Observed) -> Explanation | None:
    """The backward half of a bidirectional layer is read, written or placed wrongly."""

    def changed(change: Callable[[Backward], Backward]) -> Change:
        return lambda part: (
            None if part.backward is None else replace(part, backward=change(part.backward))
        )

    def copied(part: Recurrent) -> Recurrent | None:
        if part.backward is None:
            return None
        return replace(part, backward=replace(part.backward, layer=part.layer))

    kinds = [
        (
            "it reads the sequence forwards",
            changed(lambda half: replace(half, reads_reversed=False)),
        ),
        (
            "its outputs stay in reversed order",
            changed(lambda half: replace(half, restores_order=False)),
        ),
        (
            "it comes before the forward half",
            changed(lambda half: replace(half, comes_second=False)),
        ),
        ("it has the weights of the forward half", copied),
    ]
    return best_of(
        ((text + where, new) for text, change in kinds for where, new in case.everywhere(change)),
        observed,
    )
