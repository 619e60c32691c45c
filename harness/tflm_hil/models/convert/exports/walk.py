"""A Keras model's graph, walked with code of our own in place of its layers.

Takes Sequential and functional models: branches, several inputs and outputs, layers used twice,
models inside models. What runs in place of a layer is up to a subclass: whole windows in
`tflm_hil.models.convert.exports.graph`, single steps in `tflm_hil.models.convert.exports.steps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend import get_keras_mask

from tflm_hil.models.convert.exports.links import Link, Recurrent, is_recurrent, link_of


@dataclass(frozen=True)
class Value:
    """A tensor on its way through the graph.

    `mask` is Keras' own, `[1, T]` bool. `padded`: rows that it leaves out are the padding, where
    Keras has 0. `timed`, of single steps: a step of a sequence, without the axis of time.
    """

    tensor: Any
    mask: Any = None
    padded: bool = False
    timed: bool = False


@dataclass(frozen=True)
class Call:
    """A layer or operation and what it is called with.

    `values` are those among the positional arguments, in their order; `nodes` the Keras tensors
    that they stand for. `named` are the values among the arguments with a name.
    """

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    values: list[Value]
    nodes: list[Any] = field(default_factory=list)
    named: list[Value] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The layer's name."""
        return str(self.operation.name)

    @property
    def kind(self) -> str:
        """The layer's class."""
        return type(self.operation).__name__


@dataclass(frozen=True)
class State:
    """A state that survives the call, by its signature name."""

    name: str
    size: int


class Walker:
    """Runs the graph of a model. Raises ValueError naming a layer that it cannot run."""

    def __init__(self, model: Any) -> None:
        self.functional = functional_of(model)
        self._links: dict[int, Link] = {}

    def link(self, layer: Any) -> Link:
        """What runs in place of a layer, with its weights as constants."""
        if id(layer) not in self._links:
            with tf.init_scope():  # constants of no graph: several functions may be made of it
                self._links[id(layer)] = link_of(layer)
        return self._links[id(layer)]

    def run(self, functional: Any, given: Sequence[Value]) -> list[Value]:
        """The outputs of a graph, those of a mapping or a list one after the other."""
        values = {id(x): value for x, value in zip(functional.inputs, given, strict=True)}
        for node in _needed(functional):
            left_out = _mask_arguments(node)
            if any(id(x) not in values for x in _taken(node)):
                continue  # leads to no output
            tensors = {key: value.tensor for key, value in values.items()}
            args, kwargs = node.arguments.fill_in(tensors)
            kwargs = {key: item for key, item in kwargs.items() if key not in left_out}
            found = [x for x in keras.tree.flatten(node.arguments.args) if id(x) in values]
            named = [
                x
                for key, item in node.arguments.kwargs.items()
                if key not in left_out
                for x in keras.tree.flatten(item)
                if id(x) in values
            ]
            call = Call(
                node.operation, tuple(args), kwargs, [values[id(x)] for x in found], found,
                [values[id(x)] for x in named],
            )  # fmt: skip
            results = self.operation(call)
            values |= {id(x): value for x, value in zip(node.outputs, results, strict=True)}
        return [values[id(x)] for x in functional.outputs]

    def operation(self, call: Call) -> list[Value]:
        """What one node gives."""
        if not isinstance(call.operation, keras.layers.Layer):
            return self.bare(call)
        return self.layer(call)

    def layer(self, call: Call) -> list[Value]:
        """What a layer gives, or a model inside the model."""
        layer = call.operation
        if is_graph(layer):
            return self.run(functional_of(layer), call.values)
        if isinstance(layer, keras.layers.Masking):
            return self.masking(call)
        if isinstance(layer, keras.layers.TimeDistributed):
            return self.time_distributed(call)
        if is_recurrent(layer):
            return self.recurrence(call)
        return self.plain(call)

    def bare(self, call: Call) -> list[Value]:
        """An operation of `keras.ops`."""
        raise NotImplementedError

    def masking(self, call: Call) -> list[Value]:
        """A Masking layer."""
        raise NotImplementedError

    def time_distributed(self, call: Call) -> list[Value]:
        """A layer for every step."""
        raise NotImplementedError

    def recurrence(self, call: Call) -> list[Value]:
        """A recurrent layer, of one direction or both."""
        raise NotImplementedError

    def plain(self, call: Call) -> list[Value]:
        """Any other layer."""
        raise NotImplementedError


def _in_order(functional: Any) -> Iterator[Any]:
    """The nodes of a graph, each behind those that it depends on."""
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        for node in functional._nodes_by_depth[depth]:
            if node.operation and not node.is_input:
                yield node


def _needed(functional: Any) -> Iterator[Any]:
    """Those in order that lead to an output: what Keras makes masks with does not."""
    wanted = {id(x) for x in functional.outputs}
    needed = []
    for node in reversed(list(_in_order(functional))):
        if any(id(x) in wanted for x in node.outputs):
            needed.append(node)
            wanted |= {id(x) for x in _taken(node)}
    return iter(needed[::-1])


def _taken(node: Any) -> list[Any]:
    """The Keras tensors that a node takes, without the masks that come with them."""
    arguments = node.arguments
    named = [item for key, item in arguments.kwargs.items() if key not in _mask_arguments(node)]
    return [
        x for x in keras.tree.flatten([arguments.args, named]) if isinstance(x, keras.KerasTensor)
    ]


def _mask_arguments(node: Any) -> set[str]:
    """The arguments that Keras fills with the masks of other arguments. Here a mask comes with its
    `Value`, because Keras makes it of operators that TFLM does not have.
    """
    if all(get_keras_mask(x) is None for x in node.input_tensors):
        return set()
    names = {"mask", *(f"{name}_mask" for name in ("query", "value", "key"))}
    return names & set(node.arguments.kwargs)


def is_graph(layer: Any) -> bool:
    """Whether a layer is a Sequential or functional model; others are called by their own code."""
    graph = getattr(layer, "_functional", layer)
    return isinstance(layer, keras.Model) and hasattr(graph, "_nodes_by_depth")


def functional_of(model: Any) -> Any:
    """The graph of a model; ValueError if its `call` is code of its own."""
    if not is_graph(model):
        raise ValueError(
            f"{model.name} is a {type(model).__name__} whose layers are called by code of its own;"
            " only Sequential and functional models have this export"
        )
    return getattr(model, "_functional", model)


def layers_of(model: Any) -> Iterator[Any]:
    """All layers of a model, those inside models, wrappers and layers of the user's own included;
    of a recurrent layer not its cell.
    """
    for layer in model._flatten_layers(include_self=False, recursive=False):
        yield layer
        if not isinstance(layer, keras.layers.RNN):
            yield from layers_of(layer)


def states_of(links: Sequence[Recurrent]) -> dict[str, list[State]]:
    """The states of every layer by its name; the names of states begin with the layer's where
    several layers have some.
    """
    found: dict[str, list[State]] = {}
    for link in links:
        prefix = f"{link.name}_" if len(links) > 1 else ""
        found[link.name] = [
            State(prefix + name, size)
            for name, size in zip(link.cell.state_names, link.cell.state_sizes, strict=True)
        ]
    return found


def first_states(link: Recurrent, batch: int = 1) -> list[Any]:
    """The states before the first step."""
    if link.first is None:
        return [tf.zeros((batch, size)) for size in link.cell.state_sizes]
    return [tf.constant(state.repeat(batch, axis=0)) for state in link.first]
