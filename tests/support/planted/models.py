"""Keras models, and conversions of them with one mistake each.

    python -m tests.support.planted.models: request {"directory": ..., "names": [...], "root": ...}

Every entry of `MAKERS` is a model folder to be: `model.keras` is what was trained (here: drawn),
the `.tflite` files are what somebody made of it. A mistake is made where people make it: in the
model that is handed to the converter, in what the converter is calibrated with, or in the
flatbuffer. Inputs are saved beside as `samples.npz`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from keras import layers
from numpy.typing import NDArray
from tflm_hil.models.convert.exports import Export, loop, step, unrolled
from tflm_hil.models.convert.exports.inputs import inputs_of
from tflm_hil.models.convert.worker import convert
from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.models.tflite.states import tie_states
from tflm_hil.worker import Arrays, serve

STEPS, FEATURES, UNITS, OUTPUTS = 8, 4, 6, 3
SEQUENCES = 32
Array = NDArray[np.float32]
WIDE = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8


def signals(count: int = SEQUENCES, steps: int = STEPS, features: int = FEATURES) -> Array:
    """Correlated in time, not centred, every feature of its own size."""
    random = np.random.default_rng(9)
    x = random.standard_normal((count, steps, features))
    for t in range(1, steps):
        x[:, t] += 0.5 * x[:, t - 1]
    return ((x + 0.3) * np.linspace(0.6, 1.4, features)).astype(np.float32)


def lively(model: Any, seed: int = 3) -> Any:
    """`model` with drawn weights, biases too: a lost bias or an exchanged gate shows."""
    random = np.random.default_rng(seed)
    sizes = {"kernel": 0.8, "recurrent_kernel": 0.5, "bias": 0.5}
    model.set_weights(
        [
            (sizes[weight.name] * random.standard_normal(weight.shape)).astype(np.float32)
            for weight in model.weights
        ]
    )
    return model


def chain(*parts: Any, steps: int = STEPS, features: int = FEATURES) -> Any:
    return keras.Sequential([keras.Input((steps, features)), *parts])


def like(model: Any, *parts: Any) -> Any:
    """A chain of `parts` with the weights of `model`."""
    copy = chain(*parts, steps=model.input_shape[1], features=model.input_shape[2])
    copy.set_weights(model.get_weights())
    return copy


class Folder:
    """A model folder in the making."""

    def __init__(self, directory: Path, model: Any, inputs: Array) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory, self.model, self.inputs = directory, model, inputs
        self._handed_over = 0
        model.save(directory / "model.keras")
        np.savez(directory / "samples.npz", inputs=inputs)

    def add(self, name: str, content: bytes) -> None:
        (self.directory / f"{name}.tflite").write_bytes(content)

    def convert(
        self, export: str, dtype: str, model: Any = None, *, calibration: Array | None = None
    ) -> bytes:
        """As `hil convert` does it; `model` is what is handed over instead of the right one."""
        self._handed_over += 1  # each file is loaded once in a process
        path = self.directory / f"handed-over-{self._handed_over}.keras"
        (self.model if model is None else model).save(path)
        request = {"model": str(path), "export": export, "dtype": dtype, "custom": ""}
        used = self.inputs if calibration is None else calibration
        content: bytes = convert(request, {"calibration/inputs": used})[1]["tflite"].tobytes()
        path.unlink()
        return content

    def naive(self, export: Any, dtype: str = "float32", *, also_float: bool = False) -> bytes:
        """Without any of our checks; `also_float`: what has no integers may stay as it is."""
        path = self.directory / "model.keras"
        made: Export = export.converter(path)
        converter = made.converter
        if dtype != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            (taken,) = inputs_of(self.model)
            sequences = {taken.name: self.inputs}
            converter.representative_dataset = lambda: made.representative(sequences)
            kinds = tf.lite.OpsSet.TFLITE_BUILTINS_INT8 if dtype == "int8" else WIDE
            more = [tf.lite.OpsSet.TFLITE_BUILTINS] if also_float else []
            converter.target_spec.supported_ops = [kinds, *more]
            element = tf.int8 if dtype == "int8" else tf.int16
            converter.inference_input_type = converter.inference_output_type = element
        return bytes(converter.convert())


def lstm(directory: Path) -> None:
    """One LSTM and a head: what is exchanged, lost or misread in a conversion."""
    right = lively(chain(layers.LSTM(UNITS, name="cell"), layers.Dense(OUTPUTS, name="head")))
    folder = Folder(directory, right, signals())
    shift, fused = folder.convert("shift", "int8"), folder.convert("fused", "int8")
    folder.add("int8-shift", shift)
    folder.add("int8-shift-normalised", rescaled_input(shift, 2.0, 12))
    folder.add("int8-shift-narrow", folder.convert("shift", "int8", calibration=0.4 * signals()))
    folder.add("int8-fused", fused)
    folder.add("int8-fused-scales", rescaled_output(fused, 0.7))
    folder.add("float32-fused", folder.convert("fused", "float32"))
    # its states have scales of their own at their two ends: who drives it has to requantise
    loose = folder.naive(step, "int8")
    folder.add("int8-step", loose)
    folder.add("int8-step-swapped", swapped(tie_states(loose)[0]))
    cell = right.layers[0]
    for name, order in (("int8-shift-gates", (0, 2, 1, 3)), ("float32-fused-gates", (0, 1, 3, 2))):
        export, dtype = name.split("-")[1], name.split("-")[0]
        wrong = like(right, layers.LSTM(UNITS), layers.Dense(OUTPUTS))
        wrong.layers[0].set_weights([by_gate(w, order) for w in cell.get_weights()])
        folder.add(name, folder.convert(export, dtype, wrong))
    hard = like(
        right, layers.LSTM(UNITS, recurrent_activation="hard_sigmoid"), layers.Dense(OUTPUTS)
    )
    folder.add("float32-shift-hard", folder.convert("shift", "float32", hard))
    wrong = like(right, layers.LSTM(UNITS), layers.Dense(OUTPUTS))
    kernel, *rest = cell.get_weights()
    wrong.layers[0].set_weights([kernel[::-1], *rest])
    folder.add("int8-shift-features", folder.convert("shift", "int8", wrong))
    late = like(
        right,
        layers.ZeroPadding1D((1, 0)), layers.Cropping1D((0, 1)),
        layers.LSTM(UNITS), layers.Dense(OUTPUTS),
    )  # fmt: skip
    folder.add("int8-unrolled-late", folder.convert("unrolled", "int8", late))
    turned = like(
        right,
        layers.Permute((2, 1)), layers.Reshape((STEPS, FEATURES)),
        layers.LSTM(UNITS), layers.Dense(OUTPUTS),
    )  # fmt: skip
    folder.add("float32-unrolled-turned", folder.convert("unrolled", "float32", turned))
    bare = like(right, layers.LSTM(UNITS), layers.Dense(OUTPUTS))
    bare.layers[0].set_weights([kernel, rest[0], 0 * rest[1]])
    folder.add("int8-shift-bias", folder.convert("shift", "int8", bare))


def by_gate(weights: Array, order: tuple[int, ...]) -> Array:
    """The blocks of the last axis in another order."""
    blocks = np.split(weights, len(order), axis=-1)
    return np.concatenate([blocks[index] for index in order], axis=-1)


def swapped(content: bytes) -> bytes:
    """The signature says `h_next` of what is the next c, and the other way round."""
    editor = Editor(content)
    entries = {entry.name: entry for entry in editor.model.signatureDefs[0].outputs}
    h, c = entries[b"h_next"], entries[b"c_next"]
    h.tensorIndex, c.tensorIndex = c.tensorIndex, h.tensorIndex
    return editor.content()


def rescaled_output(content: bytes, factor: float) -> bytes:
    """The fused LSTM's output, and what is sliced from it, on another scale than its state."""
    editor = Editor(content)
    graph = editor.model.subgraphs[0]
    codes = [code.builtinCode for code in editor.model.operatorCodes]
    kinds = editor.schema.BuiltinOperator
    moved = (kinds.UNIDIRECTIONAL_SEQUENCE_LSTM, kinds.STRIDED_SLICE)
    for operator in graph.operators:
        if codes[operator.opcodeIndex] in moved:
            rescale(graph.tensors[operator.outputs[0]].quantization, factor)
        if codes[operator.opcodeIndex] == kinds.FULLY_CONNECTED:
            # its bias is on the scale of input times weights, as a converter would have it
            bias = graph.tensors[operator.inputs[2]]
            rescale(bias.quantization, factor)
            buffer = editor.model.buffers[bias.buffer]
            values = np.asarray(buffer.data, np.uint8).view(np.int32)
            buffer.data = np.round(values / factor).astype(np.int32).view(np.uint8)
    return editor.content()


def rescale(quantization: Any, factor: float) -> None:
    quantization.scale = np.asarray(quantization.scale, np.float32) * np.float32(factor)


def rescaled_input(content: bytes, factor: float, moved: int) -> bytes:
    """Scale and zero point of the input as they were in another calibration."""
    editor = Editor(content)
    graph = editor.model.subgraphs[0]
    quantization = graph.tensors[graph.inputs[0]].quantization
    rescale(quantization, factor)
    quantization.zeroPoint = np.asarray(quantization.zeroPoint) + moved
    return editor.content()


def gru(directory: Path) -> None:
    """One GRU with reset_after: biases, resets, gates, and the bias that the converter shares."""
    right = lively(chain(layers.GRU(UNITS, name="cell"), layers.Dense(OUTPUTS, name="head")))
    folder = Folder(directory, right, signals())
    folder.add("int8-shift", folder.convert("shift", "int8"))
    folder.add("int16x8-step", folder.convert("step", "int16x8"))
    kernel, recurrent, bias = right.layers[0].get_weights()
    for name, weights in {
        "int8-shift-gates": [by_gate(w, (1, 0, 2)) for w in (kernel, recurrent, bias)],
        "float32-shift-one-bias": [kernel, recurrent, bias * np.array([[1.0], [0.0]])],
        "int8-shift-no-bias": [kernel, recurrent, 0 * bias],
    }.items():
        wrong = like(right, layers.GRU(UNITS), layers.Dense(OUTPUTS))
        wrong.layers[0].set_weights(weights)
        folder.add(name, folder.convert("shift", name.split("-")[0], wrong))
    before = chain(layers.GRU(UNITS, reset_after=False), layers.Dense(OUTPUTS))
    before.layers[0].set_weights([kernel, recurrent, bias.sum(axis=0)])
    before.layers[1].set_weights(right.layers[1].get_weights())
    folder.add("float32-shift-reset-before", folder.convert("shift", "float32", before))


def growing(directory: Path) -> None:
    """A GRU whose state grows step by step, and so do the scales that the converter gives it."""
    right = lively(chain(layers.GRU(UNITS), layers.Dense(OUTPUTS), steps=12))
    kernel, recurrent, bias = right.layers[0].get_weights()
    bias[0, :UNITS] += 2.0  # z: what was, stays
    bias[1, 2 * UNITS :] += 2.0
    right.layers[0].set_weights([0.3 * kernel, recurrent, bias])
    folder = Folder(directory, right, 0.5 * signals(steps=12))
    folder.add("int16x8-step", folder.convert("step", "int16x8"))
    folder.add("int16x8-unrolled-shared", folder.naive(unrolled, "int16x8"))


def hard(directory: Path) -> None:
    """A GRU with hard_sigmoid, converted by the other generation of Keras."""
    parts = [layers.GRU(UNITS, recurrent_activation="hard_sigmoid"), layers.Dense(OUTPUTS)]
    right = lively(chain(*parts))
    folder = Folder(directory, right, signals())
    folder.add("float32-shift", folder.convert("shift", "float32"))
    folder.add("float32-unrolled-keras2", legacy(right))


def legacy(model: Any) -> bytes:
    """As legacy Keras converts the same layers with the same weights."""
    copy = tf_keras.Sequential(
        [
            tf_keras.Input(batch_shape=(1, STEPS, FEATURES)),
            tf_keras.layers.GRU(UNITS, recurrent_activation="hard_sigmoid", unroll=True),
            tf_keras.layers.Dense(OUTPUTS),
        ]
    )
    copy.set_weights(model.get_weights())
    return bytes(tf.lite.TFLiteConverter.from_keras_model(copy).convert())


def simple(directory: Path) -> None:
    """A SimpleRNN: another activation; and data in another normalisation."""
    right = lively(chain(layers.SimpleRNN(UNITS), layers.Dense(OUTPUTS)))
    folder = Folder(directory, right, signals())
    folder.add("int8-unrolled", folder.convert("unrolled", "int8"))
    relu = like(right, layers.SimpleRNN(UNITS, activation="relu"), layers.Dense(OUTPUTS))
    folder.add("float32-shift-relu", folder.convert("shift", "float32", relu))
    scaled = like(right, layers.Rescaling(0.5, 0.2), layers.SimpleRNN(UNITS), layers.Dense(OUTPUTS))
    folder.add("int8-unrolled-rescaled", folder.convert("unrolled", "int8", scaled))


def classes(directory: Path) -> None:
    """A classifier: probabilities come out."""
    right = lively(
        chain(layers.LSTM(UNITS), layers.Dropout(0.2), layers.Dense(OUTPUTS, activation="softmax"))
    )
    folder = Folder(directory, right, signals())
    folder.add("int8-shift", folder.convert("shift", "int8"))
    backwards = like(
        right, layers.LSTM(UNITS, go_backwards=True), layers.Dense(OUTPUTS, activation="softmax")
    )
    folder.add("int8-shift-backwards", folder.convert("shift", "int8", backwards))


def stack(directory: Path) -> None:
    """Two recurrent layers, the mistake in one of them."""

    def parts(**upper: Any) -> list[Any]:
        return [
            layers.LSTM(UNITS, return_sequences=True, name="lower"),
            layers.GRU(5, name="upper", **upper),
            layers.Dense(OUTPUTS, name="head"),
        ]

    right = lively(chain(*parts()))
    folder = Folder(directory, right, signals())
    folder.add("int8-shift", folder.convert("shift", "int8"))
    wrong = like(right, *parts())
    wrong.layers[1].set_weights([by_gate(w, (1, 0, 2)) for w in right.layers[1].get_weights()])
    folder.add("int8-shift-gates", folder.convert("shift", "int8", wrong))
    hard = like(right, *parts(recurrent_activation="hard_sigmoid"))
    folder.add("float32-shift-hard", folder.convert("shift", "float32", hard))


def both(directory: Path) -> None:
    """A bidirectional layer whose second half does not read backwards."""
    right = lively(
        chain(layers.Bidirectional(layers.GRU(UNITS, return_sequences=True)), layers.Dense(OUTPUTS))
    )
    folder = Folder(directory, right, signals())
    folder.add("float32-unrolled", folder.convert("unrolled", "float32"))
    x = keras.Input((STEPS, FEATURES))
    halves = [layers.GRU(UNITS, return_sequences=True)(x) for _ in range(2)]
    wrong = keras.Model(x, layers.Dense(OUTPUTS)(layers.Concatenate()(halves)))
    wrong.set_weights(right.get_weights())
    folder.add("float32-unrolled-forwards", folder.convert("unrolled", "float32", wrong))
    x = keras.Input((STEPS, FEATURES))
    ahead = layers.GRU(UNITS, return_sequences=True)(x)
    back = layers.GRU(UNITS, return_sequences=True, go_backwards=True)(x)
    wrong = keras.Model(x, layers.Dense(OUTPUTS)(layers.Concatenate()([ahead, back])))
    wrong.set_weights(right.get_weights())
    folder.add("int8-unrolled-unturned", folder.convert("unrolled", "int8", wrong))


def masked(directory: Path) -> None:
    """Sequences of several lengths, padded; the conversion knows no mask."""
    right = lively(chain(layers.Masking(0.0), layers.LSTM(UNITS), layers.Dense(OUTPUTS)))
    x = signals()
    for number, row in enumerate(x):
        row[3 + number % 6 :] = 0.0
    folder = Folder(directory, right, x)
    bare = like(right, layers.LSTM(UNITS), layers.Dense(OUTPUTS))
    folder.add("int8-shift-unmasked", folder.convert("shift", "int8", bare))


def seeded(directory: Path) -> None:
    """A GRU that starts with a state of its own; the conversion starts at zero."""
    x = keras.Input((STEPS, FEATURES))
    start = layers.Dense(UNITS, activation="tanh", name="start")(0.0 * x[:, 0])
    hidden = layers.GRU(UNITS, name="cell")(x, initial_state=start)
    right = lively(keras.Model(x, layers.Dense(OUTPUTS, name="head")(hidden)))
    # short: a cell forgets where it started
    folder = Folder(directory, right, signals())
    folder.add("float32-unrolled", folder.convert("unrolled", "float32"))
    bare = chain(layers.GRU(UNITS), layers.Dense(OUTPUTS))
    for layer, name in zip(bare.layers, ("cell", "head"), strict=True):
        layer.set_weights(right.get_layer(name).get_weights())
    folder.add("int8-shift-from-zero", folder.convert("shift", "int8", bare))


def decoder(directory: Path) -> None:
    """An encoder-decoder; the conversion gives the decoder another first input, or no state."""
    right = lively(_decoded([1.0, 0.0, 0.0]))
    folder = Folder(directory, right, signals())
    folder.add("float32-unrolled", folder.convert("unrolled", "float32"))
    for name, seed, hands_over in (
        ("float32-unrolled-zero-seed", [0.0, 0.0, 0.0], True),
        ("float32-unrolled-forgetful", [1.0, 0.0, 0.0], False),
    ):
        wrong = _decoded(seed, hands_over=hands_over)
        wrong.set_weights(right.get_weights())
        folder.add(name, folder.convert("unrolled", "float32", wrong))


def _decoded(seed: list[float], *, hands_over: bool = True, steps: int = 4) -> Any:
    x = keras.Input((STEPS, FEATURES))
    state = layers.GRU(UNITS, name="encoder")(x)
    state = state if hands_over else 0.0 * state
    cell = layers.GRU(UNITS, return_state=True, name="decoder")
    head = layers.Dense(OUTPUTS, name="head")
    y = 0.0 * x[:, 0, :OUTPUTS] + np.array(seed, np.float32)
    outputs = []
    for _ in range(steps):
        hidden, state = cell(keras.ops.expand_dims(y, 1), initial_state=state)
        y = head(hidden)
        outputs.append(y)
    return keras.Model(x, keras.ops.stack(outputs, axis=1))


class MonteCarloDropout(layers.Dropout):  # type: ignore[misc]
    """Dropout that is left on, to see how sure a network is."""

    def call(self, inputs: Any, **_: Any) -> Any:
        """As in training, always."""
        return super().call(inputs, training=True)


def random(directory: Path) -> None:
    """Keras itself is not deterministic."""
    parts = [layers.GRU(UNITS), layers.Dense(OUTPUTS)]
    right = lively(chain(parts[0], MonteCarloDropout(0.3), parts[1]))
    folder = Folder(directory, right, signals())
    (directory / "classes.py").write_text(CLASSES, encoding="utf-8")
    bare = like(right, layers.GRU(UNITS), layers.Dense(OUTPUTS))
    folder.add("int8-shift-dropout", folder.convert("shift", "int8", bare))


CLASSES = (
    "import keras\nfrom keras import layers\nfrom typing import Any\n\n\n"
    + inspect.getsource(MonteCarloDropout)
)


def integrator(directory: Path) -> None:
    """An LSTM whose cell counts up to 25: the fused operator holds it at 10."""
    units = 2
    right = chain(
        layers.LSTM(units, return_sequences=True), layers.Dense(units), steps=40, features=1
    )
    zero = np.zeros((1, units), np.float32)
    right.set_weights(
        [
            np.concatenate([zero, zero, zero + 6.0, zero], axis=1),
            np.zeros((units, 4 * units)),
            np.repeat([9.0, 9.0, 0.0, 9.0], units),
            np.eye(units),
            np.zeros(units),
        ]
    )
    up = np.concatenate([np.ones((1, 25, 1)), -np.ones((1, 15, 1))], axis=1)
    x = np.concatenate([up, 0.5 * up, -up]).astype(np.float32)
    folder = Folder(directory, right, x)
    folder.add("float32-shift", folder.convert("shift", "float32"))
    folder.add("float32-fused-clip", folder.convert("fused", "float32"))


def slow(directory: Path) -> None:
    """A SimpleRNN that remembers for hundreds of steps, in 8 bits."""
    units, steps = 4, 200
    parts = layers.SimpleRNN(units, return_sequences=True), layers.Dense(OUTPUTS)
    right = chain(*parts, steps=steps, features=3)
    source = np.random.default_rng(4)
    right.set_weights(
        [
            0.02 * source.standard_normal((3, units)),
            0.99 * np.eye(units),
            0.003 * source.standard_normal(units),
            2.0 * source.standard_normal((units, OUTPUTS)),
            np.zeros(OUTPUTS),
        ]
    )
    folder = Folder(directory, right, signals(count=6, steps=steps, features=3))
    folder.add("int8-step-drift", folder.convert("step", "int8"))
    folder.add("int16x8-step", folder.convert("step", "int16x8"))


def every(directory: Path) -> None:
    """Outputs of every step from Keras' own loop: shapes that are not known before it runs."""
    right = lively(chain(layers.GRU(UNITS, return_sequences=True), layers.Dense(OUTPUTS)))
    folder = Folder(directory, right, signals())
    folder.add("float32-loop-dynamic", folder.naive(loop))


def island(directory: Path) -> None:
    """A power comes out: the converter has no integers for the square, and leaves it in float."""
    x = keras.Input((STEPS, FEATURES))
    right = lively(
        keras.Model(x, keras.ops.square(layers.Dense(OUTPUTS)(layers.SimpleRNN(UNITS)(x))))
    )
    folder = Folder(directory, right, signals())
    folder.add("int8-unrolled-island", folder.naive(unrolled, "int8", also_float=True))


def chunks(directory: Path) -> None:
    """A fused LSTM that takes a third of a sequence at a time and keeps its state in between."""
    right = lively(chain(layers.LSTM(UNITS), layers.Dense(OUTPUTS), steps=12))
    folder = Folder(directory, right, signals(steps=12))
    short = chain(layers.LSTM(UNITS), layers.Dense(OUTPUTS), steps=4)
    short.set_weights(right.get_weights())
    pieces = signals(steps=12).reshape(-1, 4, FEATURES)
    folder.add("int8-fused", folder.convert("fused", "int8", short, calibration=pieces))


MAKERS: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (
        lstm, gru, growing, hard, simple, classes, stack, both, masked, seeded, decoder, random,
        integrator, slow, every, island, chunks,
    )
}  # fmt: skip


def make(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Make the named folders; the answer names the `sources` of ours that had a say in them."""
    for name in request["names"]:
        keras.utils.set_random_seed(3)
        MAKERS[name](Path(request["directory"]) / name)
    return {"sources": _sources(Path(request["root"]))}, {}


def _sources(root: Path) -> list[str]:
    """The modules that this process has imported from these folders, below `root`."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    sources = {Path(file) for file in files if file}
    ours = (root / "harness", root / "tests")
    return sorted(
        path.relative_to(root).as_posix()
        for path in sources
        if any(path.is_relative_to(folder) for folder in ours)
    )


if __name__ == "__main__":
    serve(make)
