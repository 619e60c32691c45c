"""Descent: the first operator of a graph whose output differs between two runs of it.

    culprit = first_difference(graphs, reference, observed, step=3)
    culprit.operator_name, culprit.manner, culprit.tensor.index
    # FULLY_CONNECTED, computes-differently, 42

Operators are visited in the order in which they run, so the first that differs has equal inputs:
the error is made there. A loop is different: only the tensors of its last iteration are left, and
these differ because earlier ones did; there an operator with equal inputs and another output is
looked for first. Tensors are asked for one by one, and only as far as needed: one side may be a
board behind a serial line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.difference import absolute_difference
from tflm_hil.report.causes import Culprit, Manner, TensorDifference

CALLERS = ("WHILE", "IF", "CALL_ONCE")
"""Operators that run other subgraphs."""

FLOAT_BOUND = 4e-6
"""What rounding may explain in a float tensor where the variant has no limit of its own, as a share
of its largest element (at least 1): 32 units in the last place of 1.0, sixteen times the two that
an operator of a few dozen terms differs by between compilers."""


class TensorLike(Protocol):
    """What is needed of a tensor's description (`tflm_hil.models.tflite.inspect.Tensor` fits)."""

    @property
    def name(self) -> str:
        """As the file names it; not unique."""

    @property
    def type(self) -> str:
        """Element type, such as "int8" or "float32"."""

    @property
    def constant_bytes(self) -> int:
        """Size of the data stored in the file; 0 for a tensor that is computed."""

    @property
    def variable(self) -> bool:
        """It keeps its content from Invoke to Invoke (a state)."""


class OperatorLike(Protocol):
    """An operator: tensor indices in its subgraph, -1 for an input left out."""

    @property
    def index(self) -> int:
        """Position in its subgraph, from 0."""

    @property
    def name(self) -> str:
        """Its name in the schema, such as "FULLY_CONNECTED" or "WHILE"."""

    @property
    def inputs(self) -> tuple[int, ...]:
        """Tensors read, in the schema's order; constants are among them."""

    @property
    def outputs(self) -> tuple[int, ...]:
        """Tensors written, in the schema's order."""

    @property
    def options(self) -> Mapping[str, int | float | bool]:
        """Fields of its options table; those of `CALLERS` name the subgraphs that it runs."""


class GraphLike(Protocol):
    """A subgraph, operators in the order in which they run."""

    @property
    def index(self) -> int:
        """Position in the file: 0 is the main graph."""

    @property
    def tensors(self) -> Sequence[TensorLike]:
        """By tensor index."""

    @property
    def operators(self) -> Sequence[OperatorLike]:
        """In the order in which they run."""

    @property
    def inputs(self) -> tuple[int, ...]:
        """Tensor indices that the caller fills."""

    @property
    def outputs(self) -> tuple[int, ...]:
        """Tensor indices that the caller reads."""


Read = Callable[[int, int], NDArray[Any] | None]
"""`read(subgraph, tensor)`: its elements after the step, None if it has none."""


def first_difference(
    graphs: Sequence[GraphLike],
    reference: Read,
    observed: Read,
    *,
    step: int,
    bound: float = FLOAT_BOUND,
) -> Culprit | None:
    """The culprit among all operators of one Invoke, None if nothing differs.

    `bound` is what floats may differ by: outputs of the model by that much, every other tensor by
    as much of its largest element, where that is above 1. With the variant's own limit as bound
    there is a culprit whenever the limit is missed.
    """
    compare = _Comparer(graphs, reference, observed, bound)
    main = graphs[0]
    for index in main.inputs:
        difference = compare.tensor(0, index)
        if difference is not None:
            return Culprit(step, 0, -1, "", Manner.INPUT_CHANGED, difference)
    times = time_steps(main)
    for op in main.operators:
        difference = compare.output_of(main, op)
        if difference is None:
            continue
        if op.name in CALLERS:
            inner = _in_loop(_run_by(op, graphs), compare, op, step)
            if inner is not None:
                return inner
        return _culprit(main, op, difference, compare, step, time_step=times[op.index])
    return None


def difference_of(
    expected: NDArray[Any] | None,
    observed: NDArray[Any] | None,
    *,
    subgraph: int,
    index: int,
    tensor: TensorLike,
    bound: float = FLOAT_BOUND,
    relative: bool = True,
) -> TensorDifference | None:
    """How `observed` differs, None if it does not: integers by bits, floats beyond `bound`."""
    if expected is None or observed is None or expected.size == 0:
        return None
    if expected.size != observed.size:
        raise ValueError(f"tensor {index} has {observed.size} elements, expected {expected.size}")
    a, b = expected.reshape(-1).astype(np.float64), observed.reshape(-1).astype(np.float64)
    delta = absolute_difference(a, b)
    allowed = 0.0
    if np.issubdtype(expected.dtype, np.floating):
        finite = np.abs(a[np.isfinite(a)])
        largest = float(finite.max()) if finite.size and relative else 1.0
        allowed = bound * max(1.0, largest)
    if float(delta.max()) <= allowed:
        return None
    worst = int(np.argmax(delta))
    return TensorDifference(
        subgraph=subgraph,
        index=index,
        name=tensor.name,
        type=tensor.type,
        differing=int(np.count_nonzero(delta > allowed)),
        values=delta.size,
        max_abs=float(delta.max()),
        element=worst,
        expected=float(a[worst]),
        observed=float(b[worst]),
    )


def time_steps(graph: GraphLike) -> dict[int, int | None]:
    """The latest step of the input window that each operator depends on, by operator index.

    An unrolled network takes its window apart by one UNPACK with an output a step; what depends
    on output k cannot run before step k. None without such an operator, or before it.
    """
    latest: dict[int, int] = {}
    steps: dict[int, int | None] = {}
    for op in graph.operators:
        known = [latest[index] for index in op.inputs if index in latest]
        step = max(known) if known else None
        steps[op.index] = step
        for position, index in enumerate(op.outputs):
            if op.name == "UNPACK" and step is None:
                latest[index] = position
            elif step is not None:
                latest[index] = step
    return steps


class _Comparer:
    """Differences of tensors, each read once."""

    def __init__(
        self, graphs: Sequence[GraphLike], reference: Read, observed: Read, bound: float
    ) -> None:
        self._bound = bound
        self._ends = set(graphs[0].outputs)
        self._apart: dict[tuple[int, int], float] = {}
        self._graphs = {graph.index: graph for graph in graphs}
        self._reference = reference
        self._observed = observed
        self._known: dict[tuple[int, int], TensorDifference | None] = {}

    def tensor(self, subgraph: int, index: int) -> TensorDifference | None:
        if index < 0:
            return None
        key = (subgraph, index)
        if key not in self._known:
            expected = self._reference(subgraph, index)
            observed = None if expected is None else self._observed(subgraph, index)
            tensor = self._graphs[subgraph].tensors[index]
            self._known[key] = difference_of(
                expected,
                observed,
                subgraph=subgraph,
                index=index,
                tensor=tensor,
                bound=self._bound,
                relative=subgraph != 0 or index not in self._ends,
            )
            if expected is not None and observed is not None and expected.size:
                delta = absolute_difference(expected.reshape(-1), observed.reshape(-1))
                self._apart[key] = float(np.max(delta, initial=0.0, where=np.isfinite(delta)))
        return self._known[key]

    def apart(self, graph: GraphLike, op: OperatorLike) -> float:
        """The largest |Δ| among inputs that pass for equal."""
        given = [i for i in op.inputs if i >= 0 and not _own(graph.tensors[i])]
        return max((self._apart.get((graph.index, i), 0.0) for i in given), default=0.0)

    def output_of(self, graph: GraphLike, op: OperatorLike) -> TensorDifference | None:
        """Of its outputs, or of a state that it keeps in a variable tensor."""
        states = [index for index in op.inputs if index >= 0 and graph.tensors[index].variable]
        for index in (*op.outputs, *states):
            difference = self.tensor(graph.index, index)
            if difference is not None:
                return difference
        return None

    def inputs_equal(self, graph: GraphLike, op: OperatorLike) -> bool:
        return all(
            self.tensor(graph.index, index) is None
            for index in op.inputs
            if index >= 0 and not _own(graph.tensors[index])
        )

    def constant_of(self, graph: GraphLike, op: OperatorLike) -> TensorDifference | None:
        for index in op.inputs:
            if index >= 0 and graph.tensors[index].constant_bytes:
                difference = self.tensor(graph.index, index)
                if difference is not None:
                    return difference
        return None


def _own(tensor: TensorLike) -> bool:
    """Whether a tensor is the operator's own affair: a constant or a state it keeps."""
    return bool(tensor.constant_bytes) or tensor.variable


def _run_by(caller: OperatorLike, graphs: Sequence[GraphLike]) -> list[GraphLike]:
    """The subgraphs that a caller runs; all but the main one if it does not say which."""
    named = [value for name, value in caller.options.items() if name.endswith("SubgraphIndex")]
    return [graph for graph in graphs[1:] if not named or graph.index in named]


def _in_loop(
    graphs: Sequence[GraphLike], compare: _Comparer, caller: OperatorLike, step: int
) -> Culprit | None:
    first: Culprit | None = None
    for graph in graphs:
        for op in graph.operators:
            difference = compare.output_of(graph, op)
            if difference is None:
                continue
            culprit = _culprit(graph, op, difference, compare, step, loop=caller.index)
            if culprit.manner is not Manner.PASSES_ON:
                return culprit
            first = first or culprit
    return first


def _culprit(
    graph: GraphLike,
    op: OperatorLike,
    difference: TensorDifference,
    compare: _Comparer,
    step: int,
    *,
    loop: int | None = None,
    time_step: int | None = None,
) -> Culprit:
    constant = compare.constant_of(graph, op)
    manner = Manner.COMPUTES_DIFFERENTLY
    if constant is not None:
        manner = Manner.OTHER_CONSTANT
    elif not compare.inputs_equal(graph, op):
        manner = Manner.PASSES_ON
    apart = compare.apart(graph, op) if manner is Manner.COMPUTES_DIFFERENTLY else 0.0
    return Culprit(
        step, graph.index, op.index, op.name, manner, difference, constant, loop, time_step, apart
    )
