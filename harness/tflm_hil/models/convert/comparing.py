"""Run a conversion and the Keras model that it came from on the same sequences.

For a conversion worker: it has TensorFlow loaded. How the two are judged is in `fidelity`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.convert.causes import Cause, drift
from tflm_hil.models.convert.exports import call, outputs_of
from tflm_hil.models.convert.exports.indices import table_rows
from tflm_hil.models.convert.exports.rebuild import forget, rebuild, stateful
from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.convert.fidelity import (
    Comparison,
    Fidelity,
    chosen,
    compare_output,
    first_not_finite,
    per_window,
)
from tflm_hil.models.convert.samples import (
    KerasInput,
    Sequences,
    count_of,
    inputs_of,
    random_sequences,
    take,
)
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.interpreter import TfliteInterpreter
from tflm_hil.models.tflite.layout import InputTensor, bound_inputs
from tflm_hil.models.tflite.states import as_exported
from tflm_hil.models.tflite.tflm_interpreter import TflmInterpreter
from tflm_hil.vocabulary import RungName

SEQUENCES = 32
"""How many sequences are compared, if that takes no more than `INVOKES`."""
INVOKES = 20_000
"""Of a single step on long sequences fewer are taken, but `FEWEST`."""
FEWEST = 4

Window = dict[str, NDArray[Any]]
Runner = TfliteInterpreter | TflmInterpreter
RUNNERS: dict[RungName, type[Runner]] = {
    RungName.TFLITE: TfliteInterpreter, RungName.TFLM: TflmInterpreter,
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What the Keras model gives on the sequences of a comparison: of each output
    `[N, windows, ...]`, its names in `names`. `given`: the sequences are the user's.
    """

    inputs: tuple[KerasInput, ...]
    sequences: dict[str, NDArray[Any]]
    given: bool
    names: list[str]
    outputs: list[NDArray[Any]]


def expected_of(model: Any, samples: Sequences | None, *, steps: int) -> Expected:
    """Run the Keras model; `steps` is how many Invokes of the export make one of its windows.

    Raises RefusedError for NaN or infinity.
    """
    inputs = inputs_of(model)
    given = samples is not None
    sequences = (
        samples if samples is not None else random_sequences(inputs, SEQUENCES, table_rows(model))
    )
    most = min(SEQUENCES, max(FEWEST, INVOKES // max(1, steps)))
    sequences = take(sequences, chosen(count_of(sequences), most))
    outputs = [np.stack(parts) for parts in zip(*_keras(model, inputs, sequences), strict=True)]
    names = output_names(model, len(outputs))
    for name, array in zip(names, outputs, strict=True):
        _finite(
            array,
            f"output {name} of the Keras model",
            "look at the layer before it (a logarithm, a division, values without bound) and at the"
            " range of the inputs",
        )
    return Expected(inputs, sequences, given, names, outputs)


def compare(
    expected: Expected, content: bytes, runtime: RungName
) -> tuple[Comparison, list[Cause]]:
    """The converted `content`, run by `runtime`, against the Keras model, and whether the error
    grows with the steps.

    Raises RefusedError for NaN or infinity, and what the runtime raises for a model that it does
    not take (of TFLM, RuntimeError).
    """
    names = [item.names for item in expected.inputs]
    model = as_exported(inspect(content), len(names))
    runner = RUNNERS[runtime](content, model.declared_states)
    ours = _converted(runner, bound_inputs(model, names), expected)
    compared = []
    growing = []
    for name, theirs, array, quantization in zip(
        expected.names, expected.outputs, ours, runner.output_quantizations, strict=False
    ):
        _finite(
            array,
            f"output {name} of the converted model",
            "use another export or type: the Keras model gives numbers on the same sequences",
        )
        compared.append(compare_output(name, theirs, array, quantization=quantization))
        if compared[-1].fidelity is not Fidelity.FAITHFUL and theirs.ndim > 3:
            growing += drift((array - theirs).reshape(len(array), -1, *theirs.shape[3:]))
    count = count_of(expected.sequences)
    return Comparison(count, expected.given, tuple(compared), runtime), growing[:1]


def output_names(model: Any, count: int) -> list[str]:
    """What the outputs are called: by their layers, with a number where two are alike."""
    names = []
    for tensor in getattr(model, "outputs", None) or [None] * count:
        history = getattr(tensor, "_keras_history", None)
        layer = getattr(history, "operation", None) or getattr(history, "layer", None)
        names.append(str(getattr(layer, "name", "y")))
    return [
        name if names.count(name) == 1 else f"{name}[{names[:number].count(name)}]"
        for number, name in enumerate(names)
    ]


def check_weights(model: Any) -> None:
    """Raise RefusedError naming the first weight that holds NaN or infinity."""
    for weight in model.weights:
        values = np.asarray(weight)
        place = first_not_finite(values)
        if place is not None:
            name = getattr(weight, "path", weight.name)
            raise RefusedError(
                f"weight {name} holds {values[place]} at {list(place)}, and"
                f" {int(np.count_nonzero(~np.isfinite(values)))} such values in all",
                "restore an earlier checkpoint, or train again with a lower learning rate or"
                " clipped gradients",
            )


def _windows(inputs: tuple[KerasInput, ...], sequences: Sequences, number: int) -> Iterator[Window]:
    """What the Keras model takes at a time, of one sequence: a batch of 1 for each input."""
    cut = {}
    for item in inputs:
        array = sequences[item.name][number]
        shape = [size or given for size, given in zip(item.shape, array.shape, strict=True)]
        cut[item.name] = array.reshape(-1, 1, *shape)
    for window in range(count_of(cut)):
        yield {name: array[window] for name, array in cut.items()}


def _keras(
    model: Any, inputs: tuple[KerasInput, ...], sequences: Sequences
) -> Iterator[list[NDArray[Any]]]:
    """Per sequence each output of all its windows, `[windows, ...]`."""
    if not stateful(model) and model.inputs[0].shape[0] is None:
        yield from (
            [output[np.newaxis] for output in outputs]
            for outputs in zip(*outputs_of(call(model, dict(sequences))), strict=True)
        )
        return
    one = rebuild(model, unroll=False, batch=1)
    for number in range(count_of(sequences)):
        forget(one)
        calls = [outputs_of(call(one, window)) for window in _windows(inputs, sequences, number)]
        yield [np.concatenate(parts) for parts in zip(*calls, strict=True)]


def _converted(
    runner: Runner, tensors: tuple[InputTensor, ...], expected: Expected
) -> list[NDArray[Any]]:
    """The same of the converted model, dequantised: its outputs in the order of Keras'."""
    inputs, sequences = expected.inputs, expected.sequences
    order = [runner.inputs.tensors.index(_same(runner, tensor)) for tensor in tensors]
    results: list[list[NDArray[Any]]] = []
    for number in range(count_of(sequences)):
        runner.reset()
        outputs: list[list[NDArray[Any]]] = []
        for window_number, window in enumerate(_windows(inputs, sequences, number)):
            blocks: list[Any] = [None] * len(order)
            for item, position in zip(inputs, order, strict=True):
                tensor = runner.inputs.tensors[position]
                stored = tensor.quantization.quantize(window[item.name])
                blocks[position] = stored.reshape(-1, *tensor.shape)
            steps = max(len(block) for block in blocks)
            taken = [
                runner.invoke([block[step % len(block)] for block in blocks])
                for step in range(steps)
            ]
            outputs.append(
                _fitted(runner, taken, [item[number][window_number] for item in expected.outputs])
            )
        results.append([np.stack(parts) for parts in zip(*outputs, strict=True)])
    return [np.stack(parts) for parts in zip(*results, strict=True)]


def _same(runner: Runner, tensor: InputTensor) -> InputTensor:
    return next(item for item in runner.inputs.tensors if item.name == tensor.name)


def _fitted(
    runner: Runner, taken: list[list[NDArray[Any]]], keras: list[NDArray[Any]]
) -> list[NDArray[Any]]:
    if len(taken[0]) < len(keras):
        raise RefusedError(
            f"the converted model has {len(taken[0])} outputs and the Keras model {len(keras)}:"
            " they cannot be compared",
            "use another export",
        )
    fitted = []
    for index, wanted in enumerate(keras):
        quantization = runner.output_quantizations[index]
        values = per_window([quantization.dequantize(step[index]) for step in taken], wanted)
        if values is None:
            raise RefusedError(
                f"output {index} of the converted model has shape {taken[0][index].shape}, and"
                f" that of the Keras model {wanted.shape}: they cannot be compared",
                "use another export",
            )
        fitted.append(values)
    return fitted


def _finite(array: NDArray[Any], what: str, remedy: str) -> None:
    place = first_not_finite(array)
    if place is not None:
        sequence, window, *rest = place
        at = f"sequence {sequence}" + (f", window {window}" if array.shape[1] > 1 else "")
        raise RefusedError(
            f"{what} is {array[place]} in {at} at {rest}, for the first time", remedy
        )
