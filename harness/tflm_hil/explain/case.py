"""A recurrent network and its inputs, as one value that a "what if" can change.

`forward(case)` computes the outputs. Every suspect is a changed case: the network as it would
behave if that mistake had been made (`tflm_hil.explain.suspects`). The network is the one that the
rung `cells` runs (`tflm_hil.references.equations.network`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.references.equations.cells import Array
from tflm_hil.references.equations.network import (
    Decoder,
    Held,
    Mask,
    Network,
    Part,
    Recurrent,
    same,
)

Change = Callable[[Recurrent], Recurrent | None]
"""A recurrent layer with a mistake in it, None where it has nothing that could be touched."""


@dataclass(frozen=True)
class Case:
    """`inputs` `[N, T, features]` through the `parts`, and through a `decoder` if there is one.

    `mask` `[N, T]` is false where a step is padding. `carry`: a sequence starts with the states
    that the one before left. `calls`: a stateful network takes a sequence in as many calls.
    `output` changes what comes out.
    """

    parts: tuple[Part, ...]
    inputs: NDArray[Any]
    mask: Mask | None = None
    decoder: Decoder | None = None
    carry: bool = False
    calls: int = 1
    output: Callable[[Array], Array] = field(default=same)

    @property
    def network(self) -> Network:
        """What computes the outputs."""
        return Network(self.parts, self.decoder)

    @property
    def steps(self) -> int:
        """Of a sequence."""
        return int(self.inputs.shape[1])

    @property
    def recurrent(self) -> tuple[Recurrent, ...]:
        """The recurrent layers in their order."""
        return self.network.recurrent

    @property
    def cuttable(self) -> bool:
        """Whether its first steps can be computed without the later ones."""
        whole = any(part.backward or part.goes_backwards for part in self.recurrent)
        return self.calls in (1, self.steps) and not whole

    def first(self, sequences: int) -> Case:
        """The same network on the first sequences."""
        mask = None if self.mask is None else self.mask[:sequences]
        return replace(self, inputs=self.inputs[:sequences], mask=mask)

    def first_steps(self, steps: int) -> Case:
        """The same network on the first steps of every sequence; for one that is `cuttable`."""
        mask = None if self.mask is None else self.mask[:, :steps]
        calls = 1 if self.calls == 1 else steps
        return replace(self, inputs=self.inputs[:, :steps], mask=mask, calls=calls)

    def with_each(self, change: Change) -> Case | None:
        """`change` in every layer that it touches; None if there is none."""
        changed = [change(part) if isinstance(part, Recurrent) else None for part in self.parts]
        if all(item is None for item in changed):
            return None
        parts = tuple(new or old for new, old in zip(changed, self.parts, strict=True))
        return replace(self, parts=parts)

    def everywhere(self, change: Change) -> Iterator[tuple[tuple[str, ...], Case]]:
        """`change` in all layers that it touches, then in each alone, with the names of those
        where it was made: none in a network of one recurrent layer.
        """
        touched = [
            (part.name or str(place), part)
            for place, part in enumerate(self.recurrent)
            if change(part) is not None
        ]
        whole = self.with_each(change)
        if whole is None:
            return
        several = len(self.recurrent) > 1
        if len(touched) > 1:
            yield tuple(name for name, _ in touched), whole
        for name, one in touched:
            only = self.with_each(partial(_only, change, one))
            assert only is not None
            yield (name,) if several else (), only


def _only(change: Change, wanted: Recurrent, part: Recurrent) -> Recurrent | None:
    return change(part) if part is wanted else None


def forward(case: Case) -> Array:
    """Outputs `[N, O]`, or `[N, T, O]` per step, per call, or from a decoder.

    Raises NotExpressible.
    """
    network = case.network
    if not case.carry:
        outputs, _ = network.run(case.inputs, mask=case.mask, calls=case.calls)
        return case.output(outputs)
    held = network.start(1)
    rows = []
    for number in range(len(case.inputs)):
        here = slice(number, number + 1)
        mask = None if case.mask is None else case.mask[here]
        row, left = network.run(case.inputs[here], mask=mask, held=held, calls=case.calls)
        rows.append(row)
        held = [_carried(part, held) for part, held in zip(network.recurrent, left, strict=True)]
    return case.output(np.concatenate(rows))


def _carried(part: Recurrent, left: Held) -> Held:
    """What the next sequence begins with: a backward half that is not stateful begins anew."""
    return left if part.stateful else (left[0], *part.start(1)[1:])
