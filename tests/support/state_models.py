"""Small models that carry their states in inputs and outputs, under names of anyone's choice.

h' = tanh(x·W + h), y = h'·V, and so on: the arithmetic is real, so that feedback shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.support.graph_builder import GraphBuilder, ModelBuilder

RNG = 5


def carried(  # noqa: PLR0913 - each test wants another of them
    *,
    data: str = "audio",
    state: str = "gru_prev_state",
    following: str = "Identity_1",
    result: str = "Identity",
    features: int = 3,
    units: int = 4,
    classes: int = 2,
    dtype: str = "float32",
    input_scale: float = 1 / 64,
    output_scale: float = 1 / 128,
    state_zero: int = 5,
    signature: tuple[Mapping[str, str], Mapping[str, str]] | None = None,
    state_first: bool = False,
    output_axis: bool = False,
) -> bytes:
    """One state of `units` beside one input: h' = tanh(x·W + h), y = h'·V.

    `signature` gives names to (inputs, outputs) by tensor name; `output_axis`: the next state
    leaves as `[1, 1, units]`.
    """
    model = ModelBuilder()
    main = model.graph()
    make = _Maker(main, dtype)
    x = make.tensor(data, (1, features), 1 / 32, 0)
    h = make.tensor(state, (1, units), input_scale, state_zero)
    mixed = make.dense(x, features, units)
    total = make.tensor("sum", (1, units), 1 / 32, 0)
    main.operator("ADD", [mixed, h], [total], "Add", potScaleInt16=False)
    # TANH of integers has one scale only: 1/128
    rounded = make.tensor("tanh", (1, units), 1 / 128, 0)
    main.operator("TANH", [total], [rounded])
    after = rounded
    if dtype != "float32" and (output_scale, state_zero) != (1 / 128, 0):
        after = make.tensor(following, (1, units), output_scale, state_zero)
        main.operator("QUANTIZE", [rounded], [after])
    elif not output_axis:
        make.rename(after, following)
    if output_axis:
        shape = main.tensor("shape", (3,), "int32", data=[1, 1, units])
        wide = make.tensor(following, (1, 1, units), output_scale, state_zero)
        main.operator("RESHAPE", [after, shape], [wide], "Reshape")
        after = wide
    y = make.dense(rounded, units, classes, name=result)
    inputs, outputs = ([h, x], [after, y]) if state_first else ([x, h], [y, after])
    main.finish(inputs, outputs)
    if signature is not None:
        named = {data: x, state: h, result: y, following: after}
        model.signature(
            {name: named[tensor] for tensor, name in signature[0].items()},
            {name: named[tensor] for tensor, name in signature[1].items()},
        )
    return model.content()


def lstm_cell(
    inputs: Sequence[str] = ("x", "state_a", "state_b"),
    outputs: Sequence[str] = ("Identity", "Identity_1", "Identity_2"),
    *,
    units: int = 3,
    swapped: bool = False,
) -> bytes:
    """Two states of one shape: c' = f·c + i·g, h' = o·tanh(c'). The second state is c; with
    `swapped` the outputs come as (y, c', h').
    """
    model = ModelBuilder()
    main = model.graph()
    make = _Maker(main, "float32")
    x, h, c = (make.tensor(name, (1, units), 0, 0) for name in inputs)
    both = make.tensor("both", (1, units), 0, 0)
    main.operator("ADD", [x, h], [both], "Add", potScaleInt16=False)
    gates = [make.dense(both, units, units) for _ in range(4)]
    i, f, o = (make.unary("LOGISTIC", gate) for gate in gates[:3])
    g = make.unary("TANH", gates[3])
    kept, fresh = make.binary("MUL", f, c), make.binary("MUL", i, g)
    c_next = make.binary("ADD", kept, fresh, outputs[1 if swapped else 2])
    h_next = make.binary("MUL", o, make.unary("TANH", c_next), outputs[2 if swapped else 1])
    y = make.dense(h_next, units, 2, name=outputs[0])
    main.finish([x, h, c], [y, c_next, h_next] if swapped else [y, h_next, c_next])
    return model.content()


def twins() -> bytes:
    """Two states that both go into both outputs, by as many operators."""
    model = ModelBuilder()
    main = model.graph()
    make = _Maker(main, "float32")
    x, a, b = (make.tensor(name, (1, 4), 0, 0) for name in ("x", "state_a", "state_b"))
    total = make.binary("ADD", make.binary("ADD", a, b), x)
    p, q = make.unary("TANH", total, name="p"), make.unary("LOGISTIC", total, name="q")
    y = make.dense(total, 4, 2, name="y")
    main.finish([x, a, b], [y, p, q])
    return model.content()


def looped(*, swapped: bool = False) -> bytes:
    """Two states of one shape as variables of a loop, which mixes both at every turn."""
    model = ModelBuilder()
    main = model.graph()
    x, a, b = (main.tensor(name, (1, 4)) for name in ("x", "state_a", "state_b"))
    start = main.tensor("start", (), "int32", data=0)
    left = main.tensor("left", (), "int32")
    given = [main.tensor(f"after{number}", (1, 4)) for number in range(3)]
    main.operator(
        "WHILE", [start, x, a, b], [left, *given], "While", condSubgraphIndex=1, bodySubgraphIndex=2
    )
    y = main.tensor("y", (1, 4))
    main.operator("TANH", [given[0]], [y])
    outputs = [y, given[2], given[1]] if swapped else [y, given[1], given[2]]
    main.finish([x, a, b], outputs)
    for name in ("condition", "body"):
        graph = model.graph(name)
        graph.finish([graph.tensor("i", (), "int32")], [])
    return model.content()


def side_by_side(
    names: Sequence[str], shapes: Sequence[Sequence[int]], outputs: Sequence[str]
) -> bytes:
    """Every input through a TANH to an output of its own: nothing recurs."""
    model = ModelBuilder()
    main = model.graph()
    make = _Maker(main, "float32")
    taken = [make.tensor(name, shape, 0, 0) for name, shape in zip(names, shapes, strict=True)]
    given = [
        make.unary("TANH", index, shape, name)
        for index, shape, name in zip(taken, shapes, outputs, strict=True)
    ]
    main.finish(taken, given)
    return model.content()


class _Maker:
    """Tensors and operators with little to say."""

    def __init__(self, graph: GraphBuilder, dtype: str) -> None:
        self._graph = graph
        self._dtype = dtype
        self._random = np.random.default_rng(RNG)
        self._count = 0

    def tensor(self, name: str, shape: Sequence[int], scale: float, zero: int) -> int:
        if self._dtype == "float32":
            return self._graph.tensor(name, shape)
        return self._graph.tensor(name, shape, self._dtype, scale=scale, zero_point=zero)

    def rename(self, index: int, name: str) -> None:
        self._graph._graph.tensors[index].name = name.encode()

    def dense(self, source: int, taken: int, given: int, name: str = "") -> int:
        """FULLY_CONNECTED with random weights."""
        self._count += 1
        weights = self._random.uniform(-0.7, 0.7, (given, taken))
        label = f"w{self._count}"
        if self._dtype == "float32":
            constant = self._graph.tensor(label, (given, taken), data=weights)
        else:
            stored = np.round(weights * 127).astype(np.int8)
            constant = self._graph.tensor(label, (given, taken), "int8", scale=1 / 127, data=stored)
        output = self.tensor(name or f"dense{self._count}", (1, given), 1 / 32, 0)
        self._graph.operator(
            "FULLY_CONNECTED", [source, constant, -1], [output], "FullyConnected",
            keepNumDims=False,
        )  # fmt: skip
        return output

    def unary(
        self, operator: str, source: int, shape: Sequence[int] | None = None, name: str = ""
    ) -> int:
        self._count += 1
        like = self._graph._graph.tensors[source].shape if shape is None else shape
        output = self.tensor(name or f"{operator}{self._count}", list(like), 1 / 128, 0)
        self._graph.operator(operator, [source], [output])
        return output

    def binary(self, operator: str, a: int, b: int, name: str = "") -> int:
        self._count += 1
        like = list(self._graph._graph.tensors[a].shape)
        output = self.tensor(name or f"{operator}{self._count}", like, 1 / 128, 0)
        kinds = {"MUL": "Mul", "ADD": "Add"}
        self._graph.operator(operator, [a, b], [output], kinds[operator])
        return output


def many(units: Sequence[int], *, data: int = 1, x: str = "x", y: str = "y") -> bytes:
    """A state of each of these sizes, h0, h1, …, beside so many inputs `x` of data and as many
    outputs `y`; the signature says which output is which state.
    """
    model = ModelBuilder()
    main = model.graph()
    make = _Maker(main, "float32")
    xs = [make.tensor(f"{x}{number}", (1, 4), 0, 0) for number in range(data)]
    ys = [make.unary("TANH", index, name=f"{y}{number}") for number, index in enumerate(xs)]
    states, following = [], []
    for number, size in enumerate(units):
        states.append(make.tensor(f"h{number}", (1, size), 0, 0))
        following.append(make.unary("TANH", states[-1], name=f"h{number}_next"))
    main.finish([*xs, *states], [*ys, *following])
    model.signature(
        {
            **{f"x{number}": index for number, index in enumerate(xs)},
            **{f"h{number}": index for number, index in enumerate(states)},
        },
        {
            **{f"y{number}": index for number, index in enumerate(ys)},
            **{f"h{number}_next": index for number, index in enumerate(following)},
        },
    )
    return model.content()
