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
    Explanation,
    Observed,
    Vector,
    best_of,
    fitted_everywhere,
    from_identity,
)
from tflm_hil.references.equations.cells import Array, Layer, States
from tflm_hil.references.equations.network import Recurrent

SIMPLER = 1.5  # what a mistake without figures may leave of what one with four leaves
SHORT = 32  # steps up to which every place of a wipe is tried


def state_leaks(case: Case, observed: Observed) -> Explanation | None:
    """Sequence n starts with the state of sequence n - 1."""
    if case.carry or len(case.inputs) < 2:
        return None
    return best_of([("from each sequence into the next", replace(case, carry=True))], observed)


def state_lost(case: Case, observed: Observed) -> Explanation | None:
    """The state is wiped every so many steps: an Invoke, a chunk, or one moment."""

    def wiped(when: Sequence[int]) -> Change:
        def state_at(t: int, states: States) -> States:
            return tuple(np.zeros_like(s) for s in states) if t in when else states

        return lambda part: replace(part, state_at=state_at)

    def changes() -> Iterator[tuple[str, Case]]:
        for size in _sizes(case.steps):
            every = "before every step" if size == 1 else f"every {size} steps"
            for where, changed in case.everywhere(wiped(range(size, case.steps, size))):
                yield every + where, changed
        for step in range(1, case.steps, max(1, case.steps // SHORT)):
            for where, changed in case.everywhere(wiped([step])):
                yield f"once, before step {step}" + where, changed

    return best_of(changes(), observed)


def _sizes(steps: int) -> list[int]:
    """Lengths of chunks that are tried: all of a short sequence, of a long one the likely."""
    if steps <= SHORT:
        return list(range(1, steps))
    return [n for n in range(1, steps) if n <= 8 or steps % n == 0 or n & (n - 1) == 0]


def initial_state_ignored(case: Case, observed: Observed) -> Explanation | None:
    """The reset gives zeros where the model asks for another initial state."""
    changes = case.everywhere(
        lambda part: None if part.initial is None else replace(part, initial=None)
    )
    return best_of([(f"it starts at zero{where}", changed) for where, changed in changes], observed)


def state_scale(case: Case, observed: Observed) -> Explanation | None:
    """A state is fed back as bytes of another scale or zero point."""

    found = []
    for index, name in enumerate(("h", "c")):
        explained = fitted_everywhere(
            case,
            partial(_fed_back, index),
            [(scale, 0.0) for scale in (0.3, 0.6, 1.0, 1.5, 2.5)],
            observed,
            partial("state {0} comes back as {1[0]:.3g}·{0} {1[1]:+.3g}".format, name),
            from_identity,
        )
        if explained is not None:
            found.append(explained)
    return min(found, key=lambda item: item.residual, default=None)


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


def states_swapped(case: Case, observed: Observed) -> Explanation | None:
    """h is fed to c's input and c to h's: as numbers, or as bytes, read on the other's scale."""
    changes = case.everywhere(partial(_swapped, np.array([1.0, 0.0, 1.0, 0.0])))
    numbers = best_of([(f"after every step{place}", new) for place, new in changes], observed)
    read = fitted_everywhere(
        case,
        lambda p: partial(_swapped, p),
        [(scale, 0.0, 1 / scale, 0.0) for scale in (0.2, 0.5, 2.0, 5.0)],
        observed,
        "after every step, as bytes: h becomes {0[0]:.3g}·c {0[1]:+.3g},"
        " c becomes {0[2]:.3g}·h {0[3]:+.3g}".format,
        lambda _: np.inf,
    )
    if numbers is None or read is None or numbers.residual <= SIMPLER * read.residual:
        return numbers
    return read


def _swapped(p: Vector, part: Recurrent) -> Recurrent | None:
    def state_at(t: int, states: States) -> States:
        return states if t == 0 else (p[0] * states[1] + p[1], p[2] * states[0] + p[3])

    return replace(part, state_at=state_at) if part.layer.kind == "lstm" else None


def cell_clipped(case: Case, observed: Observed) -> Explanation | None:
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
        case, make, starts, observed, lambda p: f"at ±{abs(p[0]):.3g}", lambda _: np.inf
    )


def memory_overlap(case: Case, observed: Observed) -> Explanation | None:
    """A state lies where something else is written: the input, or the other state."""
    if len(case.recurrent) != 1 or case.parts[0] is not case.recurrent[0]:
        return None
    part = case.recurrent[0]
    x = np.asarray(case.inputs, np.float64)
    count = min(x.shape[2], part.layer.units)
    names = ("h", "c")[: 2 if part.layer.kind == "lstm" else 1]

    def overwritten(index: int, place: slice) -> Callable[[int, States], States]:
        def state_at(t: int, states: States) -> States:
            changed = [state.copy() for state in states]
            changed[index][:, place] = x[: len(states[0]), t, :count]
            return tuple(changed)

        return state_at

    hooks: list[tuple[str, Callable[[int, States], States]]] = []
    for index, name in enumerate(names):
        for where, place in (("first", slice(0, count)), ("last", slice(-count, None))):
            text = f"the input overwrites the {where} {count} elements of state {name}"
            hooks.append((text, overwritten(index, place)))
    if len(names) == 2:
        hooks.append(("state h overwrites state c", lambda _, s: (s[0], s[0])))
        hooks.append(("state c overwrites state h", lambda _, s: (s[1], s[1])))
    found = []
    for text, hook in hooks:
        found.append((text, replace(case, parts=(replace(part, state_at=hook), *case.parts[1:]))))
    return best_of(found, observed)


def dynamics(case: Case, observed: Observed) -> Explanation | None:
    """The recurrent weights are off by a factor: the error adds up over the sequence."""

    def make(p: Vector) -> Change:
        def scaled(layer: Layer) -> Layer:
            return replace(layer, recurrent={k: p[0] * v for k, v in layer.recurrent.items()})

        return lambda part: part.with_layer(scaled) if part.layer.gates else None

    starts = [(scale,) for scale in (0.9, 0.98, 1.0, 1.02, 1.1)]
    return fitted_everywhere(
        case,
        make,
        starts,
        observed,
        lambda p: f"the recurrent weights count {p[0]:.5g}-fold",
        from_identity,
    )


def decoder_seed(case: Case, observed: Observed) -> Explanation | None:
    """The decoder starts with another first input, or without the encoder's state."""
    decoder = case.decoder
    if decoder is None:
        return None
    zero = np.zeros_like(decoder.seed)

    def seeded(seed: Array) -> Case:
        return replace(case, decoder=replace(decoder, seed=seed))

    changes = []
    for text, seed in (("the first input is zero", zero), ("it is one", zero + 1.0)):
        if not np.array_equal(seed, decoder.seed):
            changes.append((text, seeded(seed)))
    for index in range(len(zero)):
        symbol = np.eye(len(zero))[index]
        if not np.array_equal(symbol, decoder.seed):
            changes.append((f"the first input is symbol {index}", seeded(symbol)))
    alone = replace(case, decoder=replace(decoder, takes_state=False))
    changes.append(("the encoder's state is not handed over", alone))
    return best_of(changes, observed)
