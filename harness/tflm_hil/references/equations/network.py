"""A recurrent network by its equations: what a Keras model computes, in double precision.

    Network(parts).run(inputs)

A network is a chain of parts, and a decoder behind it if there is one; `build` makes it from a
description. A recurrent layer carries what could be wrong with it: hooks that change it, its state
or its output, neutral in a network that works. So whatever the equations cover, a "what if" covers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.references.equations.cells import Array, Layer, States, run
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.plain import MaskUse
from tflm_hil.references.equations.windows import Function

Mask = NDArray[np.bool_]
"""`[N, T]`, false where a step is padding."""

Held = tuple[States, ...]
"""The states of a recurrent layer: of its cell, and of the backward one if it has two."""

MERGES: Mapping[str, Callable[[Array, Array], Array]] = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: 0.5 * (a + b),
    "mul": lambda a, b: a * b,
}
"""How Keras' Bidirectional joins the outputs of its halves, by `merge_mode`."""


def same(array: Array) -> Array:
    """Nothing changed."""
    return array


def same_layer(_: int, layer: Layer) -> Layer:
    """Nothing changed at any step."""
    return layer


def same_states(_: int, states: States) -> States:
    """Nothing changed at any step."""
    return states


@dataclass(frozen=True)
class Backward:
    """The backward half of a bidirectional layer; `merge` joins it to the forward one.

    The flags say how it is done, all true in Keras: it reads the sequence reversed, its outputs
    are put back in order, and it comes second.
    """

    layer: Layer
    reads_reversed: bool = True
    restores_order: bool = True
    comes_second: bool = True
    merge: str = "concat"
    initial: States | None = None


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer: `[N, T, features]` → `[N, T, units]`, or without `sequences` the last.

    `initial` is the state of one sequence before its first step (each `[units]`, None: zero),
    `goes_backwards` as in Keras. `stateful`: a call starts with the states that the one before
    left; `zero_masked`: the output of a masked step is zero and not that of the step before;
    `ignores_mask`: masked steps are steps as any other, though they are masked behind it, too.
    `layer_at`, `state_at` and `output` change the layer, the state before a step and what the next
    part sees.
    """

    layer: Layer
    sequences: bool = False
    name: str = ""
    backward: Backward | None = None
    goes_backwards: bool = False
    initial: States | None = None
    stateful: bool = False
    zero_masked: bool = False
    ignores_mask: bool = False
    layer_at: Callable[[int, Layer], Layer] = field(default=same_layer)
    state_at: Callable[[int, States], States] = field(default=same_states)
    output: Function = field(default=same)

    def with_layer(self, change: Callable[[Layer], Layer]) -> Recurrent:
        """`change` made to the layer, in a bidirectional one to both halves."""
        backward = self.backward
        if backward is not None:
            backward = replace(backward, layer=change(backward.layer))
        return replace(self, layer=change(self.layer), backward=backward)

    def start(self, sequences: int) -> Held:
        """The states before the first step of that many sequences."""
        ahead = _start(self.layer, self.initial, sequences)
        if self.backward is None:
            return (ahead,)
        return ahead, _start(self.backward.layer, self.backward.initial, sequences)

    def run(
        self, x: Array, mask: Mask | None, held: Held, first_step: int = 0
    ) -> tuple[Array, Held]:
        """Outputs and last states of `x` from the states `held`.

        `first_step` is the number that the hooks know the first step of `x` by. Raises
        NotExpressible if a step is not a vector.
        """
        if x.ndim != 3:
            raise NotExpressible(Obstacle.STEP_AXES, self.name, str(x.ndim - 2))
        if self.ignores_mask:
            mask = None
        if self.goes_backwards:
            x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
        hidden, states = run(
            self.layer,
            x,
            initial=held[0],
            mask=mask,
            layer_at=lambda t, layer: self.layer_at(first_step + t, layer),
            state_at=lambda t, states: self.state_at(first_step + t, states),
        )
        hidden = self._shown(hidden, mask)
        if self.backward is not None:
            hidden, left = self._joined(hidden, x, mask, self.backward, held[1])
            return self.output(hidden), (states, left)
        return self.output(hidden if self.sequences else hidden[:, -1]), (states,)

    def _shown(self, hidden: Array, mask: Mask | None) -> Array:
        """Outputs as the next layer sees them where a step is masked."""
        return hidden * mask[..., np.newaxis] if self.zero_masked and mask is not None else hidden

    def _joined(
        self, hidden: Array, x: Array, mask: Mask | None, backward: Backward, states: States
    ) -> tuple[Array, States]:
        """Forward and backward outputs as one, and the last states of the backward half."""
        reads = backward.reads_reversed
        turned = mask[:, ::-1] if mask is not None and reads else mask
        other, left = run(backward.layer, x[:, ::-1] if reads else x, initial=states, mask=turned)
        other = self._shown(other, turned)
        if reads and backward.restores_order:
            other = other[:, ::-1]
        if not self.sequences:
            # the last that it computed; where it is, depends on the order it is in
            hidden, other = hidden[:, -1], other[:, 0 if reads and backward.restores_order else -1]
        halves = (hidden, other) if backward.comes_second else (other, hidden)
        return MERGES[backward.merge](*halves), left


def _start(layer: Layer, initial: States | None, sequences: int) -> States:
    if initial is None:
        return layer.zero_state(sequences)
    return tuple(np.tile(item, (sequences, 1)) for item in initial)


@dataclass(frozen=True)
class Plain:
    """A layer without memory. `mask` is what it does with a mask, `marks` makes a new one."""

    name: str
    function: Function
    mask: MaskUse = MaskUse.KEPT
    marks: Callable[[Array], Mask] | None = None

    def __call__(self, x: Array) -> Array:
        """The layer's output, of its input."""
        return self.function(x)

    def masked(self, x: Array, mask: Mask | None) -> tuple[Array, Mask | None]:
        """Outputs, and the mask behind the layer. Raises NotExpressible."""
        if mask is not None and self.mask is MaskUse.COUNTS:
            raise NotExpressible(Obstacle.MASKED, self.name)
        behind = mask if self.mask is MaskUse.KEPT else None
        return self.function(x), behind if self.marks is None else self.marks(x)


Part = Recurrent | Plain | Function
"""A bare function acts on every step by itself."""


@dataclass(frozen=True)
class Decoder:
    """The second half of an encoder-decoder: starts with the last recurrent layer's state and with
    `seed` `[outputs]` as its first input, then takes what it put out, `steps` times.

    Without `takes_state` it starts from zero, which no decoder should.
    """

    layer: Layer
    head: Function
    seed: Array
    steps: int
    takes_state: bool = True

    def run(self, states: States) -> Array:
        """Outputs `[N, steps, outputs]`."""
        if not self.takes_state:
            states = tuple(np.zeros_like(item) for item in states)
        x = np.broadcast_to(self.seed, (len(states[0]), len(self.seed)))
        outputs = []
        for _ in range(self.steps):
            hidden, states = run(self.layer, x[:, None], initial=states)
            x = self.head(hidden[:, -1])
            outputs.append(x)
        return np.stack(outputs, axis=1)


@dataclass(frozen=True)
class Network:
    """A chain of parts, and the decoder behind it if there is one."""

    parts: Sequence[Part]
    decoder: Decoder | None = None

    @property
    def recurrent(self) -> tuple[Recurrent, ...]:
        """The recurrent layers in their order."""
        return tuple(part for part in self.parts if isinstance(part, Recurrent))

    def start(self, sequences: int) -> list[Held]:
        """The states of all recurrent layers before the first step."""
        return [part.start(sequences) for part in self.recurrent]

    def run(
        self,
        inputs: NDArray[Any],
        *,
        mask: Mask | None = None,
        held: Sequence[Held] | None = None,
        calls: int = 1,
    ) -> tuple[Array, list[Held]]:
        """Outputs of `inputs` `[N, T, ...]`, and the last states of all recurrent layers.

        A stateful network takes a sequence in `calls` calls of as many steps each, its outputs are
        then `[N, calls, ...]`; layers that are not stateful begin every call anew. `held` are the
        states before the first step, None as `start` gives them. Raises NotExpressible.
        """
        x = np.asarray(inputs, np.float64)
        states = list(held) if held is not None else self.start(len(x))
        masks = [None] * calls if mask is None else np.split(mask, calls, axis=1)
        outputs = []
        for call, part in enumerate(np.split(x, calls, axis=1) if calls > 1 else [x]):
            if call:
                states = [
                    kept if layer.stateful else layer.start(len(x))
                    for layer, kept in zip(self.recurrent, states, strict=True)
                ]
            output, states = self._call(part, masks[call], states, call * part.shape[1])
            outputs.append(output)
        return outputs[0] if calls == 1 else np.stack(outputs, axis=1), states

    def _call(
        self, x: Array, mask: Mask | None, states: Sequence[Held], first_step: int
    ) -> tuple[Array, list[Held]]:
        left: list[Held] = []
        for part in self.parts:
            if isinstance(part, Recurrent):
                x, last = part.run(x, mask, states[len(left)], first_step)
                mask = mask if part.sequences else None
                left.append(last)
            elif isinstance(part, Plain):
                x, mask = part.masked(x, mask)
            else:
                x = part(x)
        if self.decoder is not None:
            x = self.decoder.run(left[-1][0])
        return x, left
