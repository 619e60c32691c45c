"""A Keras model's graph on one window, with other code in place of its recurrent layers.

Walks the graph of a Sequential or functional model: branches, several outputs, layers used twice,
nested models, `initial_state`, `return_state`. Weights become constants, and masks become tensors
that the recurrences are given (the operators that Keras makes of them, TFLM does not have).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import tensorflow as tf

from tflm_hil.models.convert.exports.links import Both, Link, Plain, Recurrent, link_of
from tflm_hil.models.convert.exports.masks import kept_rows
from tflm_hil.models.convert.exports.refusals import RefusedError


class Loop(Protocol):
    """One recurrent layer over a window."""

    def __call__(
        self, link: Recurrent, x: Any, *, states: Sequence[Any], mask: Any, in_time_order: bool
    ) -> tuple[Any, list[Any]]:
        """`x` is `[1, T, F]`, each of `states` `[1, U]`, `mask` `[T, 1]` bool or None. Returns the
        output, `[1, T, U]` or `[1, U]`, and the last states. `in_time_order`: outputs of a
        backward layer in the order of time and not, as Keras has them, in that of computing.
        """


@dataclass(frozen=True)
class State:
    """A state that survives the call, by its signature name."""

    name: str
    size: int


class Graph:
    """A model whose recurrent layers run through `loop`. Raises ValueError naming a layer that it
    cannot run.
    """

    def __init__(self, model: Any, loop: Loop) -> None:
        self._functional = _functional(model)
        self._loop = loop
        self._links: dict[int, Link] = {}
        # by identity: tensors with the mask that they carry, and those whose padding is not zeroed
        self._masks: dict[int, tuple[Any, Any]] = {}
        self._padded: set[int] = set()
        self._held: dict[str, list[Any]] = {}
        self._left: dict[str, list[Any]] = {}
        stateful = [link for link in self._recurrent(self._functional) if link.stateful]
        self._names: dict[str, list[str]] = {}
        self.states: list[State] = []
        for link in stateful:
            prefix = f"{link.name}_" if len(stateful) > 1 else ""
            self._names[link.name] = [prefix + name for name in link.cell.state_names]
            self.states += [
                State(prefix + name, size)
                for name, size in zip(link.cell.state_names, link.cell.state_sizes, strict=True)
            ]

    def __call__(self, x: Any, held: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Outputs for one window, and the states that it leaves, by name."""
        self._masks, self._padded, self._left = {}, set(), {}
        self._held = {layer: [held[name] for name in names] for layer, names in self._names.items()}
        outputs = self._run(self._functional, [x])
        left = {
            name: state
            for layer, names in self._names.items()
            for name, state in zip(names, self._left[layer], strict=True)
        }
        return outputs, left

    def _run(self, functional: Any, inputs: Sequence[Any]) -> list[Any]:
        results = functional._run_through_graph(list(inputs), operation_fn=self._operation)
        return list(results) if isinstance(results, list | tuple) else [results]

    def _operation(self, operation: Any) -> Callable[..., Any]:
        """What runs in place of an operation of the graph."""
        if not hasattr(operation, "trainable_variables"):
            # of keras.ops: as it is, and without the mask, as in Keras
            return cast(Callable[..., Any], operation)
        kind = type(operation).__name__
        if hasattr(operation, "layers") and kind != "StackedRNNCells":
            functional = _functional(operation)
            return lambda *inputs, **_: _single(self._run(functional, _flat(inputs)))
        if kind == "Masking":
            return lambda x: self._masking(operation, x)
        if getattr(operation, "mask_zero", False):
            raise ValueError(f"layer {operation.name} has mask_zero=True: its mask is not carried")
        if id(operation) not in self._links:
            self._links[id(operation)] = link_of(operation)
        link = self._links[id(operation)]
        if isinstance(link, Plain):
            return lambda *args, **kwargs: self._plain(link, args, kwargs)
        return lambda x, **kwargs: self._recurrence(link, x, **kwargs)

    def _recurrent(self, functional: Any) -> list[Recurrent]:
        """All recurrent layers, those of nested models included."""
        links: list[Recurrent] = []
        for layer in functional.layers:
            if hasattr(layer, "layers") and type(layer).__name__ != "StackedRNNCells":
                links += self._recurrent(_functional(layer))
            elif type(layer).__name__ not in ("InputLayer", "Masking"):
                link = self._links[id(layer)] = link_of(layer)
                if isinstance(link, Recurrent):
                    links.append(link)
        return links

    def _recurrence(
        self,
        link: Recurrent | Both,
        x: Any,
        initial_state: Any = None,
        mask: Any = None,
        **_: Any,
    ) -> Any:
        own = self._mask(x)
        if own is not None:
            mask = own  # what Keras' operators make of the same, TFLM does not have
        elif mask is not None:
            mask = tf.reshape(mask, (-1, 1))
        given = _flat([] if initial_state is None else [initial_state])
        if isinstance(link, Recurrent):
            states = given or self._held.get(link.name) or _zeros(link)
            output, left = self._loop(link, x, states=states, mask=mask, in_time_order=False)
            if link.stateful:
                self._left[link.name] = left
            sequences, results = link.sequences, [output, *(left if link.gives_state else [])]
        else:
            half = len(given) // 2
            forward, one = self._loop(
                link.forward, x, states=given[:half] or _zeros(link.forward), mask=mask,
                in_time_order=False,
            )  # fmt: skip
            backward, two = self._loop(
                link.backward, x, states=given[half:] or _zeros(link.backward), mask=mask,
                in_time_order=True,
            )  # fmt: skip
            output = link.merge(forward, backward)
            sequences = link.forward.sequences
            results = [output, *([*one, *two] if link.forward.gives_state else [])]
        if sequences and mask is not None:
            self._masks[id(output)] = (output, mask)
        return _single(results)

    def _masking(self, layer: Any, x: Any) -> Any:
        """Marks what is padding. Keras also zeroes it; here it stays as it is, because a SELECT
        would give the input the scale of what is left, on which the mask value is lost.
        """
        output = tf.identity(x)
        self._masks[id(output)] = (output, kept_rows(x, layer.mask_value))
        self._padded.add(id(output))
        return output

    def _mask(self, x: Any) -> Any:
        return self._masks.get(id(x), (None, None))[1]

    def _plain(self, link: Plain, args: Any, kwargs: Any) -> Any:
        masks = [mask for x in _flat(args) if (mask := self._mask(x)) is not None]
        own = {key: value for key, value in kwargs.items() if key not in ("training", "mask")}
        output = link(*args, **own)
        if masks:
            takes = getattr(link.layer, "_call_has_mask_arg", False)
            padded = any(id(x) in self._padded for x in _flat(args))
            passes = link.layer.supports_masking and len(_flat(args)) == 1
            if takes or (padded and not passes):
                raise RefusedError(
                    f"layer {link.name} is a {link.kind} and is given padding; only recurrent"
                    " layers, and those that treat every step by itself, do without it",
                    "let it follow the last step of a recurrent layer, or pad in front and train"
                    " without a mask",
                )
            if passes:
                self._masks[id(output)] = (output, masks[0])
                if padded:
                    self._padded.add(id(output))
        return output


def _functional(model: Any) -> Any:
    """The graph of a model; ValueError if its `call` is code of its own."""
    graph = getattr(model, "_functional", model)
    if graph is None or not hasattr(graph, "_run_through_graph"):
        raise ValueError(
            f"{model.name} is a {type(model).__name__} whose layers are called by code of its own;"
            " only Sequential and functional models have this export"
        )
    return graph


def _zeros(link: Recurrent) -> list[Any]:
    return [tf.zeros((1, size)) for size in link.cell.state_sizes]


def _flat(items: Any) -> list[Any]:
    if isinstance(items, list | tuple):
        return [leaf for item in items for leaf in _flat(item)]
    return [items]


def _single(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items
