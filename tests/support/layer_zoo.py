"""Keras models of many layers and wirings: what Keras computes, and what is read of each.

    python -m tests.support.layer_zoo: request {"names": [...]}

Answer: by name a description or what stands in the way (see `references.workers.weights.read`),
its arrays as `NAME:…`, and `NAME|inputs`; where the rung `cells` gives values, these as `NAME|rung`
and those of Keras as `NAME|keras`. Weights are random, biases too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from tflm_hil.references.equations import rung
from tflm_hil.references.workers.weights import read
from tflm_hil.worker import Arrays, serve

from tests.support import wirings
from tests.support.wirings import FEATURES, PADDING, SEQUENCES, STEPS, sequence

Array = NDArray[np.float32]


def chain(*parts: Any, batch: int | None = None, shape: Any = (STEPS, FEATURES)) -> Any:
    return keras.Sequential([keras.Input(batch_shape=(batch, *shape)), *parts])


def wired(make: Callable[[Any], Any]) -> Callable[[], Any]:
    """A functional model: what `make` does to its input."""

    def build() -> Any:
        x = keras.Input((STEPS, FEATURES))
        return keras.Model(x, make(x))

    return build


def both(mode: str | None, **options: Any) -> Callable[[], Any]:
    return lambda: chain(
        layers.Bidirectional(sequence(**options), merge_mode=mode, name="both"), layers.GRU(3)
    )


def masked(*parts: Any) -> Callable[[], Any]:
    return lambda: chain(layers.Masking(PADDING, name="skip"), *parts)


class Doubled(layers.Layer):  # type: ignore[misc]
    """A layer of somebody's own, under a name that Keras has too."""

    def call(self, x: Any) -> Any:
        return 2.0 * x


Doubled.__name__ = "Dense"


def embedded(**options: Any) -> Callable[[], Any]:
    return lambda: chain(layers.Embedding(7, 4, **options), layers.LSTM(3), shape=(STEPS,))


def normalised() -> Any:
    known = layers.Normalization(mean=[0.2, -0.1, 0.4], variance=[0.5, 2.0, 1.5])
    learnt = layers.Normalization(axis=-1)
    learnt.build((None, STEPS, FEATURES))
    return chain(
        known, learnt, layers.LayerNormalization(), layers.BatchNormalization(), sequence(),
        layers.LayerNormalization(axis=[1, 2]), layers.BatchNormalization(axis=1), layers.GRU(2),
    )  # fmt: skip


MODELS: dict[str, Callable[[], Any]] = {
    "nested": wired(wirings.nested),
    "odd_names": lambda: chain(sequence(name="block.rnn:0"), layers.Dense(2, name="a|b c")),
    **{f"both_{mode}": both(mode) for mode in ("concat", "sum", "mul", "ave")},
    "both_apart": wired(
        lambda x: layers.Add()(layers.Bidirectional(sequence(), merge_mode=None, name="both")(x))
    ),
    "both_reversed": lambda: chain(
        layers.Bidirectional(
            sequence(go_backwards=True), backward_layer=layers.LSTM(4, return_sequences=True)
        ),
        layers.GRU(3),
    ),
    "both_last": lambda: chain(layers.Bidirectional(layers.LSTM(4), merge_mode="mul")),
    "both_kinds": lambda: chain(
        layers.Bidirectional(
            layers.LSTM(4), backward_layer=layers.GRU(2, go_backwards=True), merge_mode="concat"
        )
    ),
    "backwards": lambda: chain(sequence(go_backwards=True), layers.LSTM(3, go_backwards=True)),
    "halves_begun": wired(wirings.halves_begun),
    "shared_cell": wired(wirings.shared_cell),
    "called_twice": wired(wirings.called_twice),
    "state_used": wired(wirings.state_used),
    "state_unused": wired(wirings.state_unused),
    "from_input": wired(wirings.from_input),
    "from_constant": wired(wirings.from_constant),
    "masked": masked(sequence(), layers.Dense(4), layers.LSTM(3)),
    "masked_zero": masked(
        sequence(zero_output_for_mask=True), layers.LSTM(3, return_sequences=True)
    ),
    "masked_zero_last": masked(layers.LSTM(3, zero_output_for_mask=True)),
    "masked_backwards": masked(sequence(go_backwards=True), layers.GRU(2)),
    "masked_both": masked(
        layers.Bidirectional(sequence(zero_output_for_mask=True), merge_mode="ave"), layers.GRU(2)
    ),
    "masked_both_last": masked(layers.Bidirectional(layers.GRU(3))),
    "masked_cell": masked(layers.RNN(layers.LSTMCell(3), return_sequences=True)),
    "masked_later": lambda: chain(layers.Rescaling(1.0), layers.Masking(PADDING), layers.GRU(3)),
    "masked_convolution": masked(layers.Conv1D(4, 3), layers.GRU(3)),
    "masked_normalised": masked(
        layers.BatchNormalization(), layers.LayerNormalization(), layers.GRU(3)
    ),
    "masked_flat": masked(sequence(), layers.Flatten(), layers.Dense(2)),
    "masked_mean": masked(sequence(), layers.GlobalAveragePooling1D(name="mean")),
    "masked_softmax": masked(sequence(), layers.Softmax(name="shares"), layers.GRU(2)),
    "masked_begun": wired(wirings.masked_begun),
    "masked_distributed": masked(layers.TimeDistributed(layers.Dense(3)), layers.GRU(2)),
    "by_hand": wired(wirings.by_hand),
    **{
        f"convolution_{padding}": lambda padding=padding: chain(  # type: ignore[misc]
            layers.Conv1D(4, 3, padding=padding, strides=2, activation="relu"),
            layers.Conv1D(6, 2, padding=padding, dilation_rate=2, groups=2, use_bias=False),
            layers.GRU(3),
        )
        for padding in ("valid", "same", "causal")
    },
    "features_first": lambda: chain(
        layers.MaxPooling1D(2, data_format="channels_first", name="first"), layers.GRU(3)
    ),
    "normalised": normalised,
    "pooled": lambda: chain(
        layers.Dropout(0.3), layers.MaxPooling1D(2, padding="same", strides=1),
        layers.AveragePooling1D(3, padding="same", strides=1), sequence(),
        layers.AveragePooling1D(2), layers.GlobalMaxPooling1D(), layers.Dense(2),
    ),
    "shaped": lambda: chain(
        layers.ZeroPadding1D((2, 1)), layers.Cropping1D((1, 0)), layers.UpSampling1D(2),
        layers.Permute((2, 1)), layers.Reshape((-1, 5)), sequence(), layers.Flatten(),
        layers.RepeatVector(3), layers.LSTM(2),
    ),
    "activations": lambda: chain(
        layers.ReLU(max_value=1.5, negative_slope=0.2, threshold=0.1), layers.LeakyReLU(0.2),
        layers.ELU(0.7), layers.PReLU(), layers.Softmax(), layers.Identity(),
        layers.Activation("silu"), layers.Dense(4, activation="hard_sigmoid"),
        layers.GRU(3, activation="elu", recurrent_activation="hard_sigmoid"),
        layers.Dense(3, activation="softmax"),
    ),
    "gelu": lambda: chain(layers.GRU(3, activation="gelu", name="bell")),
    "embedded": embedded(),
    "embedded_masked": embedded(mask_zero=True),
    "distributed": lambda: chain(sequence(), layers.TimeDistributed(layers.Dense(2))),
    "distributed_convolution": lambda: chain(
        layers.Reshape((4, 2, 3)), layers.TimeDistributed(layers.Conv1D(3, 2)),
        layers.TimeDistributed(layers.Flatten()), layers.GRU(2),
    ),
    "distributed_images": lambda: chain(
        layers.Reshape((2, 4, 3, 1)),
        layers.TimeDistributed(layers.Conv2D(2, 2, name="image"), name="at_each"),
        layers.TimeDistributed(layers.Flatten()), layers.GRU(2),
    ),
    "distributed_recurrence": lambda: chain(
        layers.Reshape((2, 4, 3)), layers.TimeDistributed(layers.LSTM(3)), layers.GRU(2)
    ),
    "residual": wired(wirings.residual),
    "side_by_side": wired(wirings.side_by_side),
    "two_outputs": wired(lambda x: [layers.GRU(2)(x), layers.LSTM(2)(x)]),
    "arithmetic": wired(wirings.arithmetic),
    "attention": wired(wirings.attention),
    "images": lambda: chain(
        layers.Reshape((2, 2, 2, 3)), layers.ConvLSTM2D(2, 1, name="film"), layers.Flatten()
    ),
    "own_layer": lambda: chain(Doubled(name="twice"), layers.GRU(3)),
    "decoder": wired(wirings.decoded),
    "decoder_crossed": wired(lambda x: wirings.decoded(x, wrong=True)),
    "stateful": lambda: chain(
        sequence(stateful=True, name="lower"), layers.LSTM(3, stateful=True), batch=SEQUENCES
    ),
    "stateful_both": lambda: chain(
        layers.Bidirectional(sequence(stateful=True)), layers.GRU(3), batch=SEQUENCES
    ),
    "stateful_masked": lambda: chain(
        layers.Masking(PADDING), sequence(stateful=True), batch=SEQUENCES
    ),
    "stateful_twice": lambda: _stateful_twice(),
}  # fmt: skip
CALLS = 2  # of stateful models


def _stateful_twice() -> Any:
    x = keras.Input(batch_shape=(SEQUENCES, STEPS, FEATURES))
    again = layers.GRU(FEATURES, stateful=True, return_sequences=True, name="again")
    return keras.Model(x, again(again(x)))


def lively(model: Any, random: np.random.Generator) -> None:
    """Random weights; variances stay positive, and are taken up as after loading."""
    for weight in model.weights:
        drawn = random.normal(0.0, 0.4, weight.shape)
        positive = "variance" in weight.name
        weight.assign(0.5 + np.abs(drawn) if positive else np.asarray(weight) + drawn)
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()


def inputs_of(model: Any, random: np.random.Generator, calls: int) -> Array:
    """Random inputs, padded at both ends; whole numbers for an Embedding."""
    shape = (SEQUENCES, calls * STEPS, *model.input_shape[2:])
    if len(shape) == 2:
        return random.integers(0, 7, shape).astype(np.float32)
    x = random.normal(size=shape).astype(np.float32)
    for number, row in enumerate(x):
        row[: number % 3] = PADDING
        row[shape[1] - number % 4 :] = PADDING
    return x


def main(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    answers: dict[str, Any] = {}
    arrays: Arrays = {}
    for name in request["names"]:
        keras.utils.set_random_seed(5)
        random = np.random.default_rng(5)
        model = MODELS[name]()
        lively(model, random)
        calls = CALLS if name.startswith("stateful") else 1
        inputs = inputs_of(model, random, calls)
        answers[name], own = read(model, None)
        arrays |= {f"{name}:{key}": array for key, array in own.items()}
        arrays[f"{name}|inputs"] = inputs
        tensors, _reason = rung.run(model, inputs, None, calls=calls)
        if tensors:
            outputs = [np.asarray(model(part)) for part in np.split(inputs, calls, axis=1)]
            arrays[f"{name}|keras"] = outputs[0] if calls == 1 else np.stack(outputs, axis=1)
            arrays[f"{name}|rung"] = tensors[0].stored
    return answers, arrays


if __name__ == "__main__":
    serve(main)
