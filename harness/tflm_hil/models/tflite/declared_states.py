"""States as a model's user declares them: which output is the next value of which input.

    model = with_states(model, (("h", "h_out"), ("1", "2")), "m.tflite")
    model = with_states(model, (), "m.tflite")         # it has none, whatever its names say

An end is meant by its name in the signature, its tensor's name, or the interpreter's number. What
is declared is complete: nothing is looked for beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tflm_hil.errors import ConfigurationError
from tflm_hil.models.tflite.inspect import Inspection, Tensor
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.state_names import all_names
from tflm_hil.models.tflite.state_search import core, search

NONE = "none"

Declared = tuple[tuple[str, str], ...]
"""(input, output) as typed; empty: the model has no states."""


def parse(texts: Sequence[str], model: Inspection, where: str) -> Declared:
    """`in=out` texts, or the one word `none`. Names may hold an equals sign, if only one place to
    cut makes sense. Raises ConfigurationError that begins with `where`.
    """
    if [text.lower() for text in texts] == [NONE]:
        return ()
    return tuple(_cut(text, model, where) for text in texts)


def with_states(model: Inspection, declared: Declared, where: str) -> Inspection:
    """The model with these states. Raises ConfigurationError if one names nothing, or two ends that
    do not belong together; it lists what would fit.
    """
    pairs = []
    for taken, given in declared:
        pair = (
            _number(model, taken, where, output=False),
            _number(model, given, where, output=True),
        )
        _check(model, pair, (taken, given), where)
        pairs.append(pair)
    for side, numbers in (("input", [p[0] for p in pairs]), ("output", [p[1] for p in pairs])):
        twice = [number for number in numbers if numbers.count(number) > 1]
        if twice:
            tensors = model.inputs if side == "input" else model.outputs
            raise _wrong(model, f"{where}: {side} {tensors[twice[0]].name} is in two states")
    if pairs and len(pairs) == len(model.inputs):
        raise _wrong(model, f"{where}: every input is a state, and nothing is fed from outside")
    return replace(model, declared_states=tuple(sorted(pairs)))


def _cut(text: str, model: Inspection, where: str) -> tuple[str, str]:
    places = [place for place, letter in enumerate(text) if letter == "="]
    cuts = [(text[:place].strip(), text[place + 1 :].strip()) for place in places]
    known = [
        (taken, given)
        for taken, given in cuts
        if _numbers(model, taken, output=False) and _numbers(model, given, output=True)
    ]
    if known or len(cuts) == 1:
        return known[0] if known else cuts[0]
    raise _wrong(model, f"{where} {text}: not of the form input=output, nor `{NONE}`")


def _number(model: Inspection, name: str, where: str, *, output: bool) -> int:
    numbers = _numbers(model, name, output=output)
    side = "output" if output else "input"
    if not numbers:
        raise _wrong(model, f"{where}: the model has no {side} {name!r}")
    if len(numbers) > 1:
        listed = ", ".join(map(str, numbers))
        raise _wrong(model, f"{where}: {side}s {listed} are all called {name!r}; name it by number")
    return numbers[0]


def _numbers(model: Inspection, name: str, *, output: bool) -> list[int]:
    """Of the inputs or outputs that `name` may mean; a name goes before a number."""
    tensors = model.outputs if output else model.inputs
    called = [
        number
        for number, tensor in enumerate(tensors)
        if name in all_names(model, tensor, output=output)
    ]
    if called or not name.isdecimal():
        return called
    return [int(name)] if int(name) < len(tensors) else []


def _check(model: Inspection, pair: tuple[int, int], names: tuple[str, str], where: str) -> None:
    taken, given = model.inputs[pair[0]], model.outputs[pair[1]]
    state = f"{where}: state {names[0]}={names[1]}"
    if not _same_shape(taken.shape, given.shape):
        raise _wrong(model, f"{state} goes from shape {given.shape} to {taken.shape}")
    if taken.type != given.type:
        raise _wrong(model, f"{state} goes from type {given.type} to {taken.type}")
    if not _can_be_held(taken) or not _can_be_held(given):
        raise _wrong(model, f"{state} is of type {taken.type}, which cannot be kept between steps")
    quantised = [Quantization.of(end).quantised for end in (taken, given)]
    if quantised[0] != quantised[1]:
        raise _wrong(model, f"{state} has a scale at one end only")


def _same_shape(taken: tuple[int, ...], given: tuple[int, ...]) -> bool:
    """But for axes of length 1, or as a flat row."""
    one, other = core(taken), core(given)
    flat = len(one) <= 1 or len(other) <= 1
    return one == other or (flat and np.prod(one, dtype=int) == np.prod(other, dtype=int))


def _can_be_held(tensor: Tensor) -> bool:
    return tensor.type in ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")


def _wrong(model: Inspection, what: str) -> ConfigurationError:
    return ConfigurationError(what, remedy=_candidates(model))


def _candidates(model: Inspection) -> str:
    """What would fit, as it is typed; else what there is."""
    fitting = [
        f"{item.input.title}={item.output.title}"
        for item in search(replace(model, declared_states=None))
    ]
    if fitting:
        return f"states that fit: {', '.join(fitting)}; or {NONE}"
    taken = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in model.inputs)
    given = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in model.outputs)
    return f"no output fits an input by itself. Inputs: {taken}; outputs: {given}; or {NONE}"
