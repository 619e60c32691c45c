"""What can go wrong with a recurrent state between two steps, two Invokes or two sequences.

Each function gives the best explanation that its mistake can give, None where the case has
nothing that it could touch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from harness.diagnosis.case import Case, Decoder
from harness.diagnosis.fit import Explanation, Observed, Vector, best_of, fitted
from harness.references.cells import Array, States


def state_leaks(case: Case, observed: Observed) -> Explanation | None:
    """Sequence n starts with the state of sequence n - 1."""
    if case.carry or len(case.inputs) < 2:
        return None
    return best_of([("from each sequence into the next", replace(case, carry=True))], observed)


def state_lost(case: Case, observed: Observed) -> Explanation | None:
    """The state is wiped every so many steps: an Invoke, a chunk, or one moment."""

    def wiped(when: Sequence[int]) -> Case:
        def state_at(t: int, states: States) -> States:
            return tuple(np.zeros_like(s) for s in states) if t in when else states

        return replace(case, state_at=state_at)

    changes = []
    for size in range(1, case.steps):
        changes.append((f"every {size} steps", wiped(range(size, case.steps, size))))
        changes.append((f"once, before step {size}", wiped([size])))
    return best_of(changes, observed)


def initial_state_ignored(case: Case, observed: Observed) -> Explanation | None:
    """The reset gives zeros where the model asks for another initial state."""
    if case.initial is None:
        return None
    return best_of([("it starts at zero", replace(case, initial=None))], observed)


def state_scale(case: Case, observed: Observed) -> Explanation | None:
    """A state is fed back as bytes of another scale or zero point."""

    def explained(index: int, name: str) -> Explanation:
        def make(p: Vector) -> Case:
            def state_at(t: int, states: States) -> States:
                if t == 0:
                    return states
                changed = list(states)
                changed[index] = p[0] * states[index] + p[1]
                return tuple(changed)

            return replace(case, state_at=state_at)

        starts = [(scale, 0.0) for scale in (0.3, 0.6, 1.0, 1.5, 2.5)]
        return fitted(
            make, starts, observed, lambda p: f"state {name} comes back as {p[0]:.3g}·{name}"
            f" {p[1]:+.3g}",
        )  # fmt: skip

    names = ("h", "c")[: 2 if case.layer.kind == "lstm" else 1]
    return min((explained(i, n) for i, n in enumerate(names)), key=lambda item: item.residual)


def states_swapped(case: Case, observed: Observed) -> Explanation | None:
    """h is fed to c's input and c to h's."""
    if case.layer.kind != "lstm":
        return None

    def state_at(t: int, states: States) -> States:
        return states if t == 0 else (states[1], states[0])

    return best_of([("after every step", replace(case, state_at=state_at))], observed)


def cell_clipped(case: Case, observed: Observed) -> Explanation | None:
    """|c| is bounded, by the operator's attribute or by its integer type."""
    if case.layer.kind != "lstm":
        return None

    def make(p: Vector) -> Case:
        return replace(case, layer=replace(case.layer, cell_clip=abs(p[0])))

    starts = [(bound,) for bound in (1.0, 2.0, 4.0, 8.0, 10.0, 16.0, 32.0)]
    return fitted(make, starts, observed, lambda p: f"at ±{abs(p[0]):.3g}")


def memory_overlap(case: Case, observed: Observed) -> Explanation | None:
    """A state lies where something else is written: the input, or the other state."""
    x = np.asarray(case.inputs, np.float64)
    count = min(x.shape[2], case.layer.units)
    changes: list[tuple[str, Callable[[int, States], States]]] = []

    def overwritten(index: int, place: slice) -> Callable[[int, States], States]:
        def state_at(t: int, states: States) -> States:
            changed = [state.copy() for state in states]
            changed[index][:, place] = x[: len(states[0]), t, :count]
            return tuple(changed)

        return state_at

    for index, name in enumerate(("h", "c")[: 2 if case.layer.kind == "lstm" else 1]):
        for where, place in (("first", slice(0, count)), ("last", slice(-count, None))):
            text = f"the input overwrites the {where} {count} elements of state {name}"
            changes.append((text, overwritten(index, place)))
    if case.layer.kind == "lstm":
        changes.append(("state h overwrites state c", lambda _, s: (s[0], s[0])))
        changes.append(("state c overwrites state h", lambda _, s: (s[1], s[1])))
    return best_of([(text, replace(case, state_at=hook)) for text, hook in changes], observed)


def dynamics(case: Case, observed: Observed) -> Explanation | None:
    """The recurrent weights are off by a factor: the error adds up over the sequence."""

    def make(p: Vector) -> Case:
        weights = {k: p[0] * v for k, v in case.layer.recurrent.items()}
        return replace(case, layer=replace(case.layer, recurrent=weights))

    starts = [(scale,) for scale in (0.9, 0.98, 1.0, 1.02, 1.1)]
    return fitted(make, starts, observed, lambda p: f"the recurrent weights count {p[0]:.5g}-fold")


def decoder_seed(case: Case, observed: Observed) -> Explanation | None:
    """The decoder starts with another first input, or without the encoder's state."""
    decoder = case.decoder
    if decoder is None:
        return None
    zero = np.zeros_like(decoder.seed)

    def seeded(seed: Array) -> Case:
        return replace(case, decoder=Decoder(decoder.layer, seed, decoder.steps))

    changes = [("the first input is zero", seeded(zero)), ("it is one", seeded(zero + 1.0))]
    for index in range(len(zero)):
        symbol = np.eye(len(zero))[index]
        if not np.array_equal(symbol, decoder.seed):
            changes.append((f"the first input is symbol {index}", seeded(symbol)))
    silent = replace(case, inputs=np.zeros_like(np.asarray(case.inputs))[:, :0])
    changes.append(("the encoder's state is not handed over", silent))
    return best_of(changes, observed)
