"""A Keras model's graph on one step of its sequence.

Every recurrent layer takes one step from the states that it is given. What stands around it must
treat every step by itself, and that is tried: a layer is run on a window and on single steps of
it. What comes after the last step (an output that is no sequence) is what the model would give if
the sequence ended here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend import set_keras_mask

from tflm_hil.models.convert.exports.graph import MERGES, either, given_padding
from tflm_hil.models.convert.exports.inputs import ModelInput
from tflm_hil.models.convert.exports.links import Plain, Recurrent, is_recurrent
from tflm_hil.models.convert.exports.masks import distances, kept_rows
from tflm_hil.models.convert.exports.refusals import RefusedError
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
from tflm_hil.models.layer_kinds import IDLE, POINTWISE

# Layers that take a row of features as they take a window of them, unless an axis is numbered.
ROWS = POINTWISE - {"BatchNormalization", "Normalization", "PReLU"}

# How far a layer on single steps may be from the same on a window: the order of a sum.
ALIKE = 1e-5


class StepGraph(Walker):
    """One step of a model. Raises ValueError or RefusedError naming a layer that needs more than
    the step and the states.

    Not `exact`: what is padding, an integer scale must tell; a row is, if it is near enough.
    `observed` holds, of every Masking layer of the last call, name, value, input and distances.
    """

    def __init__(self, model: Any, taken: Sequence[ModelInput], *, exact: bool = True) -> None:
        super().__init__(model)
        self._exact = exact
        self.observed: list[tuple[str, float, Any, Any]] = []
        self._used: dict[str, Recurrent] = {}
        self._alone: dict[int, bool] = {}
        self._held: dict[str, list[Any]] = {}
        self._left: dict[str, list[Any]] = {}
        self._states = states_of(self._links_in(self.functional))
        if not self._states:
            raise ValueError("the model has no recurrent layer, and a single step needs one")
        self.states: list[State] = [item for items in self._states.values() for item in items]
        self.steps = _steps(self.functional, taken)
        self.timed = [_is_timed(item, taken, self.steps) for item in taken]

    def _links_in(self, functional: Any) -> list[Recurrent]:
        """The recurrent layers in the order of the graph; ValueError for what has no steps."""
        links: list[Recurrent] = []
        for layer in functional.layers:
            if is_graph(layer):
                links += self._links_in(functional_of(layer))
            elif is_recurrent(layer):
                link = self.link(layer)
                if not isinstance(link, Recurrent) or link.backward:
                    raise ValueError(
                        f"layer {layer.name} reads the sequence from its end; a single step cannot"
                    )
                links.append(link)
            else:
                inside = next((item for item in layers_of(layer) if is_recurrent(item)), None)
                if inside is not None:
                    raise RefusedError(
                        f"layer {layer.name} is a {type(layer).__name__} around the recurrent layer"
                        f" {inside.name}, whose states a single step cannot reach",
                    )
        return links

    def __call__(
        self, inputs: Sequence[Any], held: dict[str, Any]
    ) -> tuple[list[Value], dict[str, Any]]:
        """Outputs after one step, and the states that it leaves, by name.

        A state that does not begin at 0 is held as what it is beyond its beginning, because whoever
        drives the model begins with zeros.
        """
        self._left, self._used, self.observed = {}, {}, []
        self._held = {
            layer: [held[state.name] for state in states] for layer, states in self._states.items()
        }
        given = [Value(x, timed=timed) for x, timed in zip(inputs, self.timed, strict=True)]
        outputs = self.run(self.functional, given)
        left = {
            state.name: tensor
            for layer, states in self._states.items()
            for state, tensor in zip(states, self._left.get(layer, ()), strict=True)
        }
        return outputs, left

    def recurrence(self, call: Call) -> list[Value]:
        """One step of the cell."""
        link = self.link(call.operation)
        assert isinstance(link, Recurrent)
        if len(call.values) > 1 or "initial_state" in call.kwargs:
            raise RefusedError(
                f"layer {link.name} begins with a state that another layer gives it; a single step"
                " begins with that of the step before",
            )
        if link.name in self._left:
            raise RefusedError(
                f"layer {link.name} is used more than once; a single step has one state for it",
            )
        (given,) = call.values
        if not given.timed:
            raise ValueError(
                f"layer {link.name} reads what is there only after the last step; a single step"
                " cannot"
            )
        held = self._held[link.name]
        if link.first is not None:
            held = [state + first for state, first in zip(held, first_states(link), strict=True)]
        output, left = link.cell.step(given.tensor, held)
        if given.mask is not None:
            output, left = _kept(link, given.mask, output, held, left)
        mask = given.mask if link.sequences else None
        results = [Value(output, mask, timed=link.sequences)]
        if link.gives_state:
            results += [Value(state) for state in left]
        if link.first is not None:
            left = [state - first for state, first in zip(left, first_states(link), strict=True)]
        self._left[link.name] = left
        return results

    def masking(self, call: Call) -> list[Value]:
        """Marks a step that is padding, as `graph.Graph.masking` does a window."""
        (given,), layer = call.values, call.operation
        x, value = given.tensor, float(layer.mask_value)
        if not given.timed or len(x.shape) != 2:
            raise RefusedError(
                f"layer {layer.name} makes a mask of what is not a row of features a step",
                "bring the input into the shape [T, F] before the mask",
            )
        window = x[:, tf.newaxis]
        kept = kept_rows(window, value, exact=self._exact)
        self.observed.append((layer.name, value, window, distances(window, value)))
        if value == 0.0:
            return [Value(tf.identity(x), kept, timed=True)]
        if self._exact:
            return [Value(tf.where(kept, x, tf.zeros_like(x)), kept, timed=True)]
        return [Value(tf.identity(x), kept, padded=True, timed=True)]

    def time_distributed(self, call: Call) -> list[Value]:
        """The layer inside, which takes a step anyway."""
        (given,), inner = call.values, call.operation.layer
        if not given.timed:
            raise _needs_window(call)
        values = self.layer(Call(inner, (given.tensor,), {}, [Value(given.tensor)]))
        return [Value(value.tensor, given.mask, given.padded, timed=True) for value in values]

    def bare(self, call: Call) -> list[Value]:
        """An operation on steps that it treats by themselves, or on what comes after the last; as
        in Keras, without the mask.
        """
        if any(value.padded for value in call.values):
            raise given_padding(call)
        return self._apply(call, call.operation)

    def plain(self, call: Call) -> list[Value]:
        """A layer likewise, which hands masks on as Keras does."""
        link = self.link(call.operation)
        assert isinstance(link, Plain)
        values = [*call.values, *call.named]
        padded = any(value.padded for value in values)
        joins = isinstance(call.operation, (*MERGES, keras.layers.Concatenate))
        passes = call.operation.supports_masking and len(values) == 1
        if padded and not passes and not isinstance(call.operation, keras.layers.Concatenate):
            raise given_padding(call)
        options = {key: x for key, x in call.kwargs.items() if key not in ("training", "mask")}
        results = self._apply(replace(call, kwargs=options), link)
        mask = None
        if getattr(call.operation, "mask_zero", False):
            mask = tf.reshape(tf.not_equal(values[0].tensor, 0), (1, 1))
        elif joins:
            mask = either(values)
        elif passes:
            mask = values[0].mask
        return [replace(x, mask=mask, padded=padded) if x.timed else x for x in results]

    def _apply(self, call: Call, run: Callable[..., Any]) -> list[Value]:
        values = [*call.values, *call.named]
        if not any(value.timed for value in values):
            return [Value(x) for x in keras.tree.flatten(run(*call.args, **call.kwargs))]
        if not all(value.timed for value in values):
            raise RefusedError(
                f"layer {call.name} is a {call.kind} that joins a sequence with what is there only"
                " after its last step",
            )
        if _takes_last(call, self.steps):
            args, kwargs = _exchanged(call, [value.tensor[:, tf.newaxis] for value in values])
            return [Value(x) for x in keras.tree.flatten(run(*args, **kwargs))]
        if not self._treats_steps_alone(call, run):
            raise _needs_window(call)
        ranks = {len(value.tensor.shape) for value in values}
        if call.kind in ROWS and ranks == {2} and _counts_from_the_end(call.operation):
            results = keras.tree.flatten(run(*call.args, **call.kwargs))
            return [Value(x, timed=True) for x in results]
        windows = [value.tensor[:, tf.newaxis] for value in values]
        if isinstance(call.operation, MERGES):  # Multiply takes 1 for what a mask leaves out
            for window, value in zip(windows, values, strict=True):
                set_keras_mask(window, value.mask)
        args, kwargs = _exchanged(call, windows)
        results = keras.tree.flatten(run(*args, **kwargs))
        return [Value(tf.squeeze(x, axis=1), timed=True) for x in results]

    def _treats_steps_alone(self, call: Call, run: Callable[..., Any]) -> bool:
        """Whether a layer gives for a step what it gives for it in a window. Asked once, of the
        first call: the graph is walked for that before it becomes a function.
        """
        if call.kind in IDLE:
            return True
        if id(call.operation) not in self._alone:
            self._alone[id(call.operation)] = _is_alone(call, run, self.steps)
        return self._alone[id(call.operation)]


def _is_alone(call: Call, run: Callable[..., Any], steps: int) -> bool:
    """Tries a window of random numbers against its first, middle and last step."""
    random = np.random.default_rng(0)
    windows = []
    for value in (*call.values, *call.named):
        shape, dtype = (1, steps, *value.tensor.shape[1:]), value.tensor.dtype
        if dtype.is_floating:
            windows.append(tf.constant(random.uniform(-1.0, 1.0, shape), dtype))
        else:
            windows.append(tf.cast(tf.constant(random.integers(0, 2, shape)), dtype))

    def outputs(tensors: Sequence[Any]) -> list[Any]:
        args, kwargs = _exchanged(call, tensors)
        return [np.asarray(x) for x in keras.tree.flatten(run(*args, **kwargs))]

    try:
        whole = outputs(windows)
        for t in sorted({0, steps // 2, steps - 1}):
            parts = outputs([window[:, t : t + 1] for window in windows])
            for window, part in zip(whole, parts, strict=True):
                alike = window.shape[:2] == (1, steps) and part.shape[:2] == (1, 1)
                if not alike or not np.allclose(window[:, t : t + 1], part, atol=ALIKE):
                    return False
    except (ValueError, TypeError, tf.errors.OpError):
        return False  # it takes no other length
    return True


def _exchanged(call: Call, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with other tensors in place of its values."""
    values = [*call.values, *call.named]
    others = {id(value.tensor): x for value, x in zip(values, tensors, strict=True)}

    def exchange(item: Any) -> Any:
        return others.get(id(item), item)

    return (
        tuple(keras.tree.map_structure(exchange, call.args)),
        dict(keras.tree.map_structure(exchange, call.kwargs)),
    )


def _takes_last(call: Call, steps: int) -> bool:
    """Whether an operation is `x[:, -1]` or `x[:, -1:]`."""
    if call.kind != "GetItem":
        return False
    key = call.args[1] if len(call.args) > 1 else call.kwargs.get("key")
    if not isinstance(key, list | tuple) or len(key) < 2 or key[0] != slice(None):
        return False
    return key[1] in (-1, slice(-1, None), slice(-1, None, 1)) and steps > 1


def _counts_from_the_end(layer: Any) -> bool:
    """Whether the axis of a layer, if it has one, is the last by that name."""
    axis = getattr(layer, "axis", -1)
    return axis in (-1, [-1], (-1,))


def _steps(functional: Any, taken: Sequence[ModelInput]) -> int:
    """The steps of the sequences that go in: those that the first recurrent layer reads, if an
    input has as many.
    """
    read = next(layer for layer in layers_of(functional) if is_recurrent(layer))
    sequences = [item for item in taken if len(item.shape) > 1] or list(taken)
    lengths = [int(item.shape[0] or 1) for item in sequences if item.shape]
    steps = int(keras.tree.flatten(read.input)[0].shape[1])  # its mask may be behind it
    return steps if steps in lengths or not lengths else lengths[0]


def _is_timed(item: ModelInput, taken: Sequence[ModelInput], steps: int) -> bool:
    """Whether an input is a sequence: `[T, ...]` numbers, or `[T]` indices; `[T]` numbers only
    where there is no input of more axes.
    """
    if not item.shape or item.shape[0] != steps:
        return False
    return (
        len(item.shape) > 1
        or item.dtype != "float32"
        or all(len(other.shape) < 2 for other in taken)
    )


def _kept(
    link: Recurrent, mask: Any, output: Any, held: Sequence[Any], left: Sequence[Any]
) -> tuple[Any, list[Any]]:
    """Output and states of a step, at padding those of the step before."""
    left = [tf.where(mask, new, old) for new, old in zip(left, held, strict=True)]
    if link.zero_masked:
        return tf.where(mask, output, tf.zeros_like(output)), left
    if not link.cell.output_is_state or link.first is not None:
        raise RefusedError(
            f"layer {link.name} is given a mask, and at padding puts out what it did before, which"
            " is none of its states"
        )
    return left[0], left


def _needs_window(call: Call) -> ValueError:
    return ValueError(
        f"layer {call.name} is a {call.kind}; the single step takes layers that treat"
        " every step by itself"
    )
