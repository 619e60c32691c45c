"""States that a model carries in inputs and outputs: found by names, shapes, scales and the graph.

    for found in search(model):
        found.input.number, found.output.number, found.basis

An output is the next value of an input if it has its type and shape (axes of length 1 aside), is
computed from it, and names say so: those of both ends, or that of the input where one output alone
is left for it. Where several are, the scale decides, and then the graph: the next state is nearer
to its own state than to another. Whatever stays open is told (`StateBasis.sure` is false), and is
left alone: a denoiser's input fits its output, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from tflm_hil.models.tflite.inspect import Inspection, Subgraph, Tensor
from tflm_hil.models.tflite.state_names import End, Ends, Hint, Stem, ends_of
from tflm_hil.vocabulary import StateBasis

NEXT = "_next"

SAME_SCALE = 1e-4  # relative; a converter writes what it computes twice with two roundings

THROUGH_A_LOOP = 100
"""Operators that the way from one variable of a loop to another counts for."""

Fits = Callable[[End, End], bool]


@dataclass(frozen=True)
class Found:
    """An input, the output that is (or may be) its next value, and what speaks for it."""

    input: End
    output: End
    basis: StateBasis


def search(model: Inspection) -> tuple[Found, ...]:
    """All candidates, in the order of the inputs; each input and output at most once.

    None is sure that would leave no input to feed from outside: then they are only suspected.
    """
    if len(model.inputs) < 2 or not model.outputs:
        return ()
    ends = ends_of(model)
    open_ = _Open(ends, _Graph(model.subgraphs[0]))
    open_.take(_by_signature(model, ends))
    open_.take(_by_names(open_, _exactly))
    open_.take(_by_names(open_, _without_number))
    open_.take(_by_hint(open_))
    if not open_.inputs:
        return tuple(_doubted(open_.found))
    open_.take(_by_shape(open_))
    return tuple(sorted(open_.found, key=lambda item: item.input.number))


def fits(taken: Tensor, given: Tensor) -> bool:
    """Whether an output can be fed to an input: one type, one shape but for axes of length 1."""
    return taken.type == given.type and core(taken.shape) == core(given.shape)


def core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axes of length 1."""
    return tuple(length for length in shape if length != 1)


class _Graph:
    """How far an output is from an input, in operators of the main graph.

    A variable of a loop comes out where it went in; the way to the others is through the loop.
    """

    def __init__(self, graph: Subgraph) -> None:
        self._takers: dict[int, list[tuple[int, int]]] = {}
        for operator in graph.operators:
            loop = operator.name == "WHILE"
            for place, index in enumerate(operator.inputs):
                for position, output in enumerate(operator.outputs):
                    far = THROUGH_A_LOOP if loop and position != place else 1
                    self._takers.setdefault(index, []).append((output, far))
        self._known: dict[int, dict[int, int]] = {}

    def distance(self, taken: Tensor, given: Tensor) -> float:
        """Infinite where the output does not depend on the input."""
        if taken.index not in self._known:
            self._known[taken.index] = self._from(taken.index)
        return self._known[taken.index].get(given.index, math.inf)

    def _from(self, start: int) -> dict[int, int]:
        nearest: dict[int, int] = {}
        waiting = [(0, start)]
        while waiting:
            far, index = heappop(waiting)
            if index in nearest:
                continue
            nearest[index] = far
            for output, step in self._takers.get(index, ()):
                if output not in nearest:
                    heappush(waiting, (far + step, output))
        return nearest


class _Open:
    """Inputs and outputs that belong to no state yet, and the states that were found."""

    def __init__(self, ends: Ends, graph: _Graph) -> None:
        self.inputs = list(ends.inputs)
        self.outputs = list(ends.outputs)
        self.graph = graph
        self.found: list[Found] = []

    def take(self, found: Iterable[Found]) -> None:
        for item in found:
            if item.input not in self.inputs or item.output not in self.outputs:
                continue
            self.found.append(item)
            self.inputs.remove(item.input)
            self.outputs.remove(item.output)

    def fitting(self, taken: End) -> list[End]:
        """Outputs that can be the next value of an input and depend on it."""
        return [given for given in self.outputs if self.fits(taken, given)]

    def fits(self, taken: End, given: End) -> bool:
        return fits(taken.tensor, given.tensor) and math.isfinite(
            self.graph.distance(taken.tensor, given.tensor)
        )


def _by_signature(model: Inspection, ends: Ends) -> Iterator[Found]:
    """`h` and `h_next`, the names that `hil convert` gives."""
    if not model.signatures:
        return
    signature = model.signatures[0]
    graph = model.subgraphs[0]
    for name, index in signature.inputs.items():
        following = signature.outputs.get(name + NEXT)
        # a damaged file may name what is no input or output
        if following in graph.outputs and index in graph.inputs:
            yield Found(
                ends.inputs[graph.inputs.index(index)],
                ends.outputs[graph.outputs.index(following)],
                StateBasis.SIGNATURE,
            )


def _exactly(stem: Stem) -> Stem:
    return stem


def _without_number(stem: Stem) -> Stem:
    """`h0` is the first of `hn`."""
    return tuple(word for word in stem if word != "0")


def _by_names(open_: _Open, shorten: Callable[[Stem], Stem]) -> list[Found]:
    """Both ends have one stem, and one of the names is that of a state."""

    def same(taken: End, given: End) -> bool:
        if max(taken.hint, given.hint) is Hint.NONE or not open_.fits(taken, given):
            return False
        ours = {shorten(stem) for stem in taken.stems} - {()}
        return bool(ours & {shorten(stem) for stem in given.stems})

    return [
        Found(taken, given, StateBasis.NAMES)
        for taken, given in _only_each_other(open_.inputs, open_.outputs, same)
    ]


def _by_hint(open_: _Open) -> list[Found]:
    """Inputs (or the outputs that fit them) that are named as states."""
    hinted = [taken for taken in open_.inputs if taken.hint is Hint.STRONG]
    found: list[Found] = []

    def step(pairs: Iterable[tuple[End, End]], basis: StateBasis) -> None:
        for taken, given in list(pairs):
            found.append(Found(taken, given, basis))
            hinted.remove(taken)

    def left() -> list[End]:
        given = [item.output for item in found]
        return [output for output in open_.outputs if output not in given]

    step(_only_each_other(hinted, left(), open_.fits), StateBasis.ONLY_FIT)
    step(_only_each_other(hinted, left(), _on_one_scale(open_)), StateBasis.SCALE)
    step(_nearest(hinted, left(), open_), StateBasis.GRAPH)
    step(_in_order(hinted, left(), open_), StateBasis.AMBIGUOUS)
    return found


def _by_shape(open_: _Open) -> list[Found]:
    """Suspicions: something fits, and both data to feed and an output to look at are left."""
    inputs = [taken for taken in open_.inputs if open_.fitting(taken)]
    if len(inputs) == len(open_.inputs):  # all of them: then the data is among them
        inputs = [taken for taken in inputs if taken.hint is not Hint.NONE]
    pairs = _only_each_other(inputs, open_.outputs, open_.fits)
    if len(pairs) >= min(len(open_.inputs), len(open_.outputs)):
        pairs = [pair for pair in pairs if max(pair[0].hint, pair[1].hint) is not Hint.NONE]
    return [Found(taken, given, StateBasis.SHAPE) for taken, given in pairs]


def _doubted(found: Iterable[Found]) -> Iterator[Found]:
    for item in sorted(found, key=lambda item: item.input.number):
        yield Found(item.input, item.output, StateBasis.SHAPE)


def _only_each_other(
    inputs: Iterable[End], outputs: Iterable[End], match: Fits
) -> list[tuple[End, End]]:
    """Pairs in which each has no other match; again, as long as that leaves new ones."""
    inputs, outputs = list(inputs), list(outputs)
    pairs: list[tuple[End, End]] = []
    while True:
        of_input = {taken: [o for o in outputs if match(taken, o)] for taken in inputs}
        fresh = [
            (taken, given[0])
            for taken, given in of_input.items()
            if len(given) == 1 and sum(given[0] in others for others in of_input.values()) == 1
        ]
        if not fresh:
            return pairs
        pairs += fresh
        inputs = [taken for taken in inputs if taken not in [pair[0] for pair in fresh]]
        outputs = [given for given in outputs if given not in [pair[1] for pair in fresh]]


def _on_one_scale(open_: _Open) -> Fits:
    def match(taken: End, given: End) -> bool:
        return (
            taken.tensor.scale > 0
            and math.isclose(taken.tensor.scale, given.tensor.scale, rel_tol=SAME_SCALE)
            and taken.tensor.zero_point == given.tensor.zero_point
            and open_.fits(taken, given)
        )

    return match


def _nearest(
    inputs: Iterable[End], outputs: Iterable[End], open_: _Open
) -> Iterator[tuple[End, End]]:
    """Pairs that are nearer to each other than each is to any other, the surest first."""
    inputs, outputs = list(inputs), list(outputs)
    while inputs and outputs:
        pair = next(
            (
                (taken, given)
                for taken in inputs
                for given in outputs
                if _strictly_least(taken, given, inputs, outputs, open_)
            ),
            None,
        )
        if pair is None:
            return
        yield pair
        inputs.remove(pair[0])
        outputs.remove(pair[1])


def _strictly_least(
    taken: End, given: End, inputs: list[End], outputs: list[End], open_: _Open
) -> bool:
    def far(a: End, b: End) -> float:
        return open_.graph.distance(a.tensor, b.tensor) if open_.fits(a, b) else math.inf

    own = far(taken, given)
    return (
        math.isfinite(own)
        and all(own < far(taken, other) for other in outputs if other is not given)
        and all(own < far(other, given) for other in inputs if other is not taken)
    )


def _in_order(
    inputs: Iterable[End], outputs: Iterable[End], open_: _Open
) -> Iterator[tuple[End, End]]:
    """A guess, to be shown and not to be acted on: the first output that fits."""
    outputs = list(outputs)
    for taken in inputs:
        given = next((item for item in outputs if open_.fits(taken, item)), None)
        if given is not None:
            outputs.remove(given)
            yield taken, given
