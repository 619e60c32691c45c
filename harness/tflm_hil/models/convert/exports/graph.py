"""A Keras model's graph on one window, with other code in place of its recurrent layers.

Weights become constants, and masks become tensors that the recurrences are given (the operators
that Keras makes of them, TFLM does not have).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import keras
import tensorflow as tf
from keras.src.backend import get_keras_mask, set_keras_mask

from tflm_hil.models.convert.exports.links import Both, Plain, Recurrent, is_recurrent
from tflm_hil.models.convert.exports.masks import distances, kept_rows
from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.convert.exports.rewrite import AT_ONCE
from tflm_hil.models.convert.exports.walk import (
    Call,
    State,
    Value,
    Walker,
    first_states,
    functional_of,
    is_graph,
    layers_of,
    states_of,
)


class Loop(Protocol):
    """One recurrent layer over a window."""

    def __call__(
        self,
        link: Recurrent,
        x: Any,
        *,
        states: Sequence[Any],
        from_zero: bool,
        mask: Any,
        in_time_order: bool,
    ) -> tuple[Any, list[Any]]:
        """`x` is `[N, T, F]`, each of `states` `[N, U]`, 0 if `from_zero`; `mask` is `[T, 1]` bool
        or None. Returns the output, `[N, T, U]` or `[N, U]`, and the last states. `in_time_order`:
        outputs of a backward layer in the order of time and not, as Keras has them, in that of
        computing. N is 1, or the steps of a TimeDistributed around the layer.
        """


class Graph(Walker):
    """A model whose recurrent layers run through `loop`. Raises ValueError naming a layer that it
    cannot run.

    Not `exact`: what is padding, an integer scale must tell; a row is, if it is near enough.
    `observed` holds, of every Masking layer of the last call, name, value, input and distances.
    """

    def __init__(self, model: Any, loop: Loop, *, exact: bool = True) -> None:
        super().__init__(model)
        self._loop = loop
        self._exact = exact
        self._held: dict[str, list[Any]] = {}
        self._left: dict[str, list[Any]] = {}
        self.observed: list[tuple[str, float, Any, Any]] = []
        stateful = [link for link in recurrent_links(self, self.functional) if link.stateful]
        self._states = states_of(stateful)
        self.states: list[State] = [item for items in self._states.values() for item in items]

    def __call__(
        self, inputs: Sequence[Any], held: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Outputs for one window, and the states that it leaves, by name."""
        self._left, self.observed = {}, []
        self._held = {
            layer: [held[state.name] for state in states] for layer, states in self._states.items()
        }
        outputs = self.run(self.functional, [Value(x) for x in inputs])
        left = {
            state.name: tensor
            for layer, states in self._states.items()
            for state, tensor in zip(states, self._left[layer], strict=True)
        }
        return [value.tensor for value in outputs], left

    def bare(self, call: Call) -> list[Value]:
        """As it is, and without the mask, as in Keras."""
        if any(value.padded for value in call.values):
            raise given_padding(call)
        return [Value(x) for x in keras.tree.flatten(call.operation(*call.args, **call.kwargs))]

    def masking(self, call: Call) -> list[Value]:
        """Marks what is padding. Keras also zeroes it; so does float32. On an integer scale it
        stays as it is, because a SELECT would give the input the scale of what is left, on which
        the mask value is lost.
        """
        (given,), layer = call.values, call.operation
        x, value = given.tensor, float(layer.mask_value)
        if len(x.shape) != 3:
            raise RefusedError(
                f"layer {layer.name} makes a mask of an input of shape {tuple(x.shape[1:])}; only"
                " of [T, F] is a step padding or not",
                "bring the input into the shape [T, F] before the mask",
            )
        kept = kept_rows(x, value, exact=self._exact)
        self.observed.append((layer.name, value, x, distances(x, value)))
        if value == 0.0:
            return [Value(tf.identity(x), kept)]
        if self._exact:
            return [Value(tf.where(kept[..., tf.newaxis], x, tf.zeros_like(x)), kept)]
        return [Value(tf.identity(x), kept, padded=True)]

    def recurrence(self, call: Call) -> list[Value]:
        """Through `loop`, with the mask of what is given."""
        link = self.link(call.operation)
        assert isinstance(link, Recurrent | Both)
        kwargs = dict(zip(("initial_state", "mask"), call.args[1:], strict=False)) | call.kwargs
        x, own = call.values[0].tensor, call.values[0].mask
        # what Keras' operators make of the same mask, TFLM does not have
        mask = kwargs.get("mask") if own is None else own
        rows = None if mask is None else tf.reshape(mask, (-1, 1))
        given = keras.tree.flatten(kwargs.get("initial_state"))
        given = [state for state in given if state is not None]
        if isinstance(link, Recurrent):
            given = given or self._held.get(link.name, [])
            output, left = self._one_way(link, x, given, rows, in_time_order=False)
            if link.stateful:
                self._left[link.name] = left
            results, states_left = [output], left if link.gives_state else []
            sequences = link.sequences
        else:
            half = len(given) // 2
            forward, one = self._one_way(link.forward, x, given[:half], rows, in_time_order=False)
            backward, two = self._one_way(link.backward, x, given[half:], rows, in_time_order=True)
            results = [link.merge(forward, backward)] if link.merge else [forward, backward]
            sequences = link.forward.sequences
            states_left = [*one, *two] if link.forward.gives_state else []
        return [Value(x, mask if sequences else None) for x in results] + [
            Value(x) for x in states_left
        ]

    def _one_way(
        self, link: Recurrent, x: Any, given: Sequence[Any], mask: Any, *, in_time_order: bool
    ) -> tuple[Any, list[Any]]:
        return self._loop(
            link,
            x,
            states=given or first_states(link, int(x.shape[0])),
            from_zero=not given and link.first is None,
            mask=mask,
            in_time_order=in_time_order,
        )

    def time_distributed(self, call: Call) -> list[Value]:
        """The steps of a window as a batch, or one product for all of them."""
        (given,), inner = call.values, call.operation.layer
        x = given.tensor
        if type(inner).__name__ in AT_ONCE and len(x.shape) == 3:
            steps = x
        else:
            steps = tf.reshape(x, x.shape[1:])
        values = self.layer(Call(inner, (steps,), {}, [Value(steps)]))
        results = [value.tensor for value in values]
        if steps is not x:
            results = [tf.reshape(item, (1, *item.shape)) for item in results]
        return [Value(item, given.mask, given.padded) for item in results]

    def plain(self, call: Call) -> list[Value]:
        """The layer itself, on weights that are constants; masks as Keras hands them on."""
        link = self.link(call.operation)
        assert isinstance(link, Plain)
        masked = any(value.mask is not None for value in (*call.values, *call.named))
        options = {key: value for key, value in call.kwargs.items() if key != "training"}
        if masked:
            options.pop("mask", None)  # it is that of the values
        # A tensor carries the mask that its layer set, and none may come in by that way: that of a
        # Concatenate, for one, is made of operators that TFLM does not have.
        for value in (*call.values, *call.named):
            set_keras_mask(value.tensor, value.mask)
        if masked and isinstance(call.operation, keras.layers.Concatenate):
            output = link(*call.args, **options)
            return [Value(output, _joined(call), any(value.padded for value in call.values))]
        padded = any(value.padded for value in call.values)
        if masked and not self._exact:
            takes = getattr(link.layer, "_call_has_mask_arg", False)
            passes = link.layer.supports_masking and len(call.values) == 1
            if takes or (padded and not passes):
                raise given_padding(call)
        with replaced_calls(self, link.layer):
            outputs = keras.tree.flatten(link(*call.args, **options))
        masks = [get_keras_mask(x) for x in outputs]
        if masked and isinstance(call.operation, MERGES):
            masks = [_joined(call)]
        return [
            Value(x, mask, padded and mask is not None)
            for x, mask in zip(outputs, masks, strict=True)
        ]


def recurrent_links(walker: Walker, functional: Any) -> list[Recurrent]:
    """All recurrent layers of one direction, those of models inside models included."""
    links: list[Recurrent] = []
    for layer in functional.layers:
        inner = layer.layer if isinstance(layer, keras.layers.TimeDistributed) else layer
        if is_graph(inner):
            links += recurrent_links(walker, functional_of(inner))
        elif is_recurrent(inner):
            link = walker.link(inner)
            if isinstance(link, Recurrent):
                links.append(link)
    return links


@contextmanager
def replaced_calls(graph: Graph, layer: Any) -> Iterator[None]:
    """Recurrent, TimeDistributed and Masking layers inside a layer of the user's own run as any
    others do in `graph`, whatever code calls them.
    """
    with ExitStack() as stack:
        for inner in layers_of(layer):
            if is_recurrent(inner) or isinstance(inner, REPLACED):
                if getattr(inner, "stateful", False):
                    raise RefusedError(
                        f"layer {inner.name} is stateful inside layer {layer.name}, whose code"
                        " decides what becomes of its states",
                        f"move {inner.name} out of {layer.name} and into the model",
                    )
                object.__setattr__(inner, "call", _replacement(graph, inner))
                stack.callback(object.__delattr__, inner, "call")
        yield


MERGES = (
    keras.layers.Add, keras.layers.Average, keras.layers.Maximum, keras.layers.Minimum,
    keras.layers.Multiply, keras.layers.Subtract,
)  # fmt: skip
"""Layers whose mask is that of any of what they take."""

REPLACED = (keras.layers.TimeDistributed, keras.layers.Masking)


def _replacement(graph: Graph, layer: Any) -> Any:
    def call(x: Any, *args: Any, mask: Any = None, **kwargs: Any) -> Any:
        kwargs.pop("training", None)
        given = Call(layer, (x, *args), kwargs, [Value(x, mask)])
        values = graph.layer(given)
        if any(value.padded for value in values):
            raise given_padding(given)
        for value in values:
            if value.mask is not None:
                set_keras_mask(value.tensor, value.mask)
        results = [value.tensor for value in values]
        return results[0] if len(results) == 1 else results

    return call


def _joined(call: Call) -> Any:
    """The mask of a Concatenate, an Add and their like, without the operator that Keras makes it
    with (REDUCE_ANY): over features a step is kept that one of them keeps, over time masks stand
    one after the other.
    """
    rank = len(call.values[0].tensor.shape)
    axis = int(getattr(call.operation, "axis", -1)) % rank
    masks = [value.mask for value in call.values]
    if axis == 1:
        whole = [
            tf.ones(value.tensor.shape[:2], tf.bool) if mask is None else mask
            for value, mask in zip(call.values, masks, strict=True)
        ]
        return tf.concat(whole, axis=1)
    return either(call.values)


def either(values: Sequence[Value]) -> Any:
    """The mask of the steps that any of the values keeps; None where one keeps all of them."""
    masks = [value.mask for value in values]
    if any(mask is None for mask in masks):
        return None
    kept = masks[0]
    for mask in masks[1:]:
        kept = tf.logical_or(kept, mask)
    return kept


def given_padding(call: Call) -> RefusedError:
    """What says that a layer cannot be given padding that an integer scale tells."""
    return RefusedError(
        f"layer {call.name} is a {call.kind} and is given padding; only recurrent"
        " layers, and those that treat every step by itself, do without it",
        "let it follow the last step of a recurrent layer, or pad in front and train without a"
        " mask",
    )
