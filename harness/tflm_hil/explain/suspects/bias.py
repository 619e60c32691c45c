"""What can go wrong with a cell's biases, and with the side on which a GRU resets.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from tflm_hil.explain.case import Case, Change, forward
from tflm_hil.explain.fit import (
    Fit,
    Observed,
    Vector,
    best_of,
    fitted_everywhere,
    from_identity,
)
from tflm_hil.explain.suspects.layers import MakeLayer, in_layers
from tflm_hil.references.equations.cells import Array, Layer, States
from tflm_hil.references.equations.network import Recurrent
from tflm_hil.report.mistakes import Bias, BiasCounts, BiasShared, Mistake, Way


def later_scale(case: Case, observed: Observed) -> Fit | None:
    """One bias for all steps, quantised for the scale of the first."""
    if case.steps < 2:
        return None

    def counts(bias: Bias, p: Vector) -> BiasCounts:
        return BiasCounts(bias, float(p[0]))

    fits = [
        fitted_everywhere(
            case,
            partial(_later, bias),
            [(scale,) for scale in (0.4, 0.7, 1.0, 1.5, 2.5)],
            observed,
            partial(counts, bias),
            from_identity,
        )
        for bias in Bias
    ]
    fits.append(best_of(_shared(case), observed))
    return min((fit for fit in fits if fit), key=lambda fit: fit.residual, default=None)


def _later(bias: Bias, p: Vector) -> Change:
    """From step 1 on biases count p[0]-fold."""
    recurrent_only = bias is Bias.RECURRENT

    def layer_at(t: int, layer: Layer) -> Layer:
        if t == 0:
            return layer
        own = layer.bias if recurrent_only else _scaled(layer.bias, p[0])
        return replace(layer, bias=own, recurrent_bias=_scaled(layer.recurrent_bias, p[0]))

    def change(part: Recurrent) -> Recurrent | None:
        if not part.layer.gates or (recurrent_only and not part.layer.reset_after):
            return None
        return replace(part, layer_at=layer_at)

    return change


@dataclass
class Ranges:
    """Of one layer: the largest |h|, and the largest of what the recurrent weights make of it, at
    every step.
    """

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
        saturates where that of the right one ends.
        """
        if t == 0:
            return layer
        bias = _scaled(layer.recurrent_bias, self.states[t] / self.states[1])
        return replace(layer, recurrent_bias=bias, product_clip=self.products[t])


def _shared(case: Case) -> Iterator[tuple[Mistake, Case]]:
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
    for layers, changed in case.everywhere(change):
        yield Mistake(BiasShared(growth), layers), changed


def _scaled(weights: Mapping[str, Array], factor: float) -> dict[str, Array]:
    return {name: factor * value for name, value in weights.items()}


def missing_or_reset(case: Case, observed: Observed) -> Fit | None:
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

    ways: list[tuple[Way, MakeLayer]] = [
        (Way.BIASES_MISSING, without_biases),
        (_other_side(case), turned),
        (
            Way.RECURRENT_BIAS_MISSING,
            after(lambda layer: replace(layer, recurrent_bias=_scaled(layer.bias, 0.0))),
        ),
        (
            Way.INPUT_BIAS_MISSING,
            after(lambda layer: replace(layer, bias=_scaled(layer.bias, 0.0))),
        ),
        (Way.RECURRENT_BIAS_ESCAPES_RESET, after(summed)),
    ]
    return best_of(
        (change for way, make in ways for change in in_layers(case, way, make)), observed
    )


def _other_side(case: Case) -> Way:
    """Where the reset of the case's GRU does not act."""
    if any(part.layer.reset_after for part in case.recurrent):
        return Way.RESET_BEFORE_PRODUCT
    return Way.RESET_AFTER_PRODUCT
