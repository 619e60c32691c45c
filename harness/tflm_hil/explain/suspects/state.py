"""What can go wrong with a recurrent state between two steps, two Invokes or two sequences.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

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
from tflm_hil.references.equations.cells import Array, Layer, States
from tflm_hil.references.equations.network import Recurrent
from tflm_hil.report.mistakes import (
    CellBounded,
    End,
    FirstInputSymbol,
    How,
    InputOverwrites,
    Mistake,
    RecurrentWeightsCount,
    StateReadAs,
    StatesExchangedAsBytes,
    Way,
    WipedEvery,
    WipedOnce,
)

SIMPLER = 1.5  # what a mistake without figures may leave of what one with four leaves
SHORT = 32  # steps up to which every place of a wipe is tried
STATES = ("h", "c")


def leaks(case: Case, observed: Observed) -> Fit | None:
    """Sequence n starts with the state of sequence n - 1."""
    if case.carry or len(case.inputs) < 2:
        return None
    return best_of([(Mistake(Way.LEAKS_INTO_NEXT), replace(case, carry=True))], observed)


def lost(case: Case, observed: Observed) -> Fit | None:
    """The state is wiped every few steps (an Invoke, a chunk), or at one moment."""

    def wiped(when: Sequence[int]) -> Change:
        def state_at(t: int, states: States) -> States:
            return tuple(np.zeros_like(s) for s in states) if t in when else states

        return lambda part: replace(part, state_at=state_at)

    def changes() -> Iterator[tuple[Mistake, Case]]:
        for size in _sizes(case.steps):
            for layers, changed in case.everywhere(wiped(range(size, case.steps, size))):
                yield Mistake(WipedEvery(size), layers), changed
        for step in range(1, case.steps, max(1, case.steps // SHORT)):
            for layers, changed in case.everywhere(wiped([step])):
                yield Mistake(WipedOnce(step), layers), changed

    return best_of(changes(), observed)


def _sizes(steps: int) -> list[int]:
    """Lengths of chunks that are tried: all of a short sequence, of a long one the likely."""
    if steps <= SHORT:
        return list(range(1, steps))
    return [n for n in range(1, steps) if n <= 8 or steps % n == 0 or n & (n - 1) == 0]


def initial_ignored(case: Case, observed: Observed) -> Fit | None:
    """The reset gives zeros where the model asks for another initial state."""
    changes = case.everywhere(
        lambda part: None if part.initial is None else replace(part, initial=None)
    )
    return best_of(
        ((Mistake(Way.STARTS_AT_ZERO, layers), changed) for layers, changed in changes), observed
    )


def other_scale(case: Case, observed: Observed) -> Fit | None:
    """A state is fed back as bytes of another scale or zero point."""

    def read_as(name: str, p: Vector) -> StateReadAs:
        return StateReadAs(name, float(p[0]), float(p[1]))

    fits = [
        fitted_everywhere(
            case,
            partial(_fed_back, index),
            [(scale, 0.0) for scale in (0.3, 0.6, 1.0, 1.5, 2.5)],
            observed,
            partial(read_as, name),
            from_identity,
        )
        for index, name in enumerate(STATES)
    ]
    return min((fit for fit in fits if fit), key=lambda fit: fit.residual, default=None)


def _fed_back(index: int, p: Vector) -> Change:
    """State `index` comes back as p[0]·state + p[1]."""

    def state_at(t: int, states: States) -> States:
        if t == 0:
            return states
        other = list(states)
        other[index] = p[0] * states[index] + p[1]
        return tuple(other)

    return lambda part: replace(part, state_at=state_at) if _has(part, index) else None


def _has(part: Recurrent, index: int) -> bool:
    return index == 0 or part.layer.kind == "lstm"


def swapped(case: Case, observed: Observed) -> Fit | None:
    """The states h and c are exchanged: as numbers, or as bytes, read on the other's scale."""
    changes = case.everywhere(partial(_swapped, np.array([1.0, 0.0, 1.0, 0.0])))
    as_numbers = best_of(
        ((Mistake(Way.STATES_EXCHANGED, layers), changed) for layers, changed in changes), observed
    )
    as_bytes = fitted_everywhere(
        case,
        lambda p: partial(_swapped, p),
        [(scale, 0.0, 1 / scale, 0.0) for scale in (0.2, 0.5, 2.0, 5.0)],
        observed,
        lambda p: StatesExchangedAsBytes(*map(float, p)),
        lambda _: np.inf,
    )
    if as_numbers is None or as_bytes is None:
        return as_numbers
    return as_numbers if as_numbers.residual <= SIMPLER * as_bytes.residual else as_bytes


def _swapped(p: Vector, part: Recurrent) -> Recurrent | None:
    def state_at(t: int, states: States) -> States:
        return states if t == 0 else (p[0] * states[1] + p[1], p[2] * states[0] + p[3])

    return replace(part, state_at=state_at) if part.layer.kind == "lstm" else None


def cell_clipped(case: Case, observed: Observed) -> Fit | None:
    """|c| is bounded, by the operator's attribute or by its integer type."""

    def make(p: Vector) -> Change:
        bound = abs(float(p[0]))

        def change(part: Recurrent) -> Recurrent | None:
            if part.layer.kind != "lstm":
                return None
            return part.with_layer(lambda layer: replace(layer, cell_clip=bound))

        return change

    starts = [(bound,) for bound in (1.0, 2.0, 4.0, 8.0, 10.0, 16.0, 32.0)]
    return fitted_everywhere(
        case, make, starts, observed, lambda p: CellBounded(abs(float(p[0]))), lambda _: np.inf
    )


def memory_overlap(case: Case, observed: Observed) -> Fit | None:
    """A state lies where something else is written: the input, or the other state."""
    if len(case.recurrent) != 1 or case.parts[0] is not case.recurrent[0]:
        return None
    part = case.recurrent[0]
    x = np.asarray(case.inputs, np.float64)
    count = min(x.shape[2], part.layer.units)
    names = STATES[: 2 if part.layer.kind == "lstm" else 1]

    def overwritten(index: int, place: slice) -> Callable[[int, States], States]:
        def state_at(t: int, states: States) -> States:
            changed = [state.copy() for state in states]
            changed[index][:, place] = x[: len(states[0]), t, :count]
            return tuple(changed)

        return state_at

    hooks: list[tuple[How, Callable[[int, States], States]]] = []
    for index, name in enumerate(names):
        for end, place in ((End.FIRST, slice(0, count)), (End.LAST, slice(-count, None))):
            hooks.append((InputOverwrites(name, end, count), overwritten(index, place)))
    if len(names) == 2:
        hooks.append((Way.H_OVERWRITES_C, lambda _, s: (s[0], s[0])))
        hooks.append((Way.C_OVERWRITES_H, lambda _, s: (s[1], s[1])))
    return best_of(
        (
            (Mistake(how), replace(case, parts=(replace(part, state_at=hook), *case.parts[1:])))
            for how, hook in hooks
        ),
        observed,
    )


def dynamics(case: Case, observed: Observed) -> Fit | None:
    """The recurrent weights are off by a factor: the error adds up over the sequence."""

    def make(p: Vector) -> Change:
        def scaled(layer: Layer) -> Layer:
            return replace(layer, recurrent={k: p[0] * v for k, v in layer.recurrent.items()})

        return lambda part: part.with_layer(scaled) if part.layer.gates else None

    return fitted_everywhere(
        case,
        make,
        [(scale,) for scale in (0.9, 0.98, 1.0, 1.02, 1.1)],
        observed,
        lambda p: RecurrentWeightsCount(float(p[0])),
        from_identity,
    )


def decoder_start(case: Case, observed: Observed) -> Fit | None:
    """The decoder starts with another first input, or without the encoder's state."""
    decoder = case.decoder
    if decoder is None:
        return None
    zero = np.zeros_like(decoder.seed)
    seeds: list[tuple[How, Array]] = [
        (Way.FIRST_INPUT_ZERO, zero),
        (Way.FIRST_INPUT_ONE, zero + 1.0),
        *((FirstInputSymbol(index), np.eye(len(zero))[index]) for index in range(len(zero))),
    ]
    changes = [
        (Mistake(how), replace(case, decoder=replace(decoder, seed=seed)))
        for how, seed in seeds
        if not np.array_equal(seed, decoder.seed)
    ]
    alone = replace(case, decoder=replace(decoder, takes_state=False))
    return best_of([*changes, (Mistake(Way.ENCODER_STATE_MISSING), alone)], observed)
