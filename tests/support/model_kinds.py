"""Kinds of Keras models that people bring: a model and samples for each, by name.

Weights are drawn, biases and statistics too: what an export loses, shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from tests.support.own_layers import Attend, Mixed, Positions, Recall, TableLookup, WarmCell

STEPS, FEATURES, WORDS, COUNT = 8, 3, 30, 32
Samples = NDArray[Any] | dict[str, NDArray[Any]]
Made = tuple[Any, Samples]

KINDS: dict[str, Callable[[], Made]] = {}


def kind(make: Callable[[], Made]) -> Callable[[], Made]:
    """Enter a maker under its name; what it makes gets drawn weights."""

    def made() -> Made:
        model, samples = make()
        return lively(model), samples

    KINDS[make.__name__] = made
    return made


def lively(model: Any, seed: int = 3) -> Any:
    """`model` with drawn biases and statistics, and Embedding tables in ±1."""
    random = np.random.default_rng(seed)
    values = []
    for weight in model.weights:
        array = np.asarray(weight)
        if array.dtype.kind != "f" or weight.name in ("mean", "variance", "count"):
            values.append(array)
        elif weight.name in ("embeddings", "table"):
            values.append(random.uniform(-1.0, 1.0, array.shape))
        elif weight.name in ("gamma", "moving_variance"):
            values.append(random.uniform(0.5, 1.5, array.shape))
        else:
            values.append(array + random.normal(0.0, 0.2, array.shape))
    model.set_weights(values)
    return model


def waves(*shape: int) -> NDArray[np.float32]:
    """Random sequences."""
    shape = shape or (STEPS, FEATURES)
    return np.random.default_rng(1).normal(size=(COUNT, *shape)).astype(np.float32)


def words() -> NDArray[np.int32]:
    """Sequences of token ids, padded with 0 at the end."""
    ids = np.random.default_rng(1).integers(1, WORDS, (COUNT, STEPS)).astype(np.int32)
    for number, row in enumerate(ids):
        row[STEPS - number % 4 :] = 0
    return ids


def padded(value: float) -> NDArray[np.float32]:
    """Random sequences, padded at the end."""
    x = waves()
    for number, row in enumerate(x):
        row[STEPS - number % 4 :] = value
    return x


def x_input(name: str = "x") -> Any:
    """A window of features."""
    return keras.Input((STEPS, FEATURES), name=name)


def ids_input(dtype: str = "int32", name: str = "ids") -> Any:
    """A window of token ids."""
    return keras.Input((STEPS,), dtype=dtype, name=name)


def chain(*parts: Any, before: Any = None) -> Any:
    """A Sequential model."""
    return keras.Sequential([x_input() if before is None else before, *parts])


# ---- cells and layers


@kind
def simple_rnn() -> Made:
    return chain(layers.SimpleRNN(6), layers.Dense(2)), waves()


@kind
def gru() -> Made:
    return chain(layers.GRU(6), layers.Dense(2)), waves()


@kind
def gru_reset_before() -> Made:
    return chain(layers.GRU(6, reset_after=False), layers.Dense(2)), waves()


@kind
def lstm() -> Made:
    return chain(layers.LSTM(6), layers.Dense(2)), waves()


@kind
def stack() -> Made:
    deep = (layers.LSTM(6, return_sequences=True), layers.Dropout(0.2), layers.LSTM(5))
    return chain(*deep, layers.Dense(2)), waves()


@kind
def bidirectional() -> Made:
    both = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
    return chain(both, layers.Bidirectional(layers.LSTM(3), merge_mode="ave")), waves()


@kind
def bidirectional_two_outputs() -> Made:
    x = x_input()
    one, two = layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode=None)(x)
    return keras.Model(x, [layers.Dense(2)(one), layers.GRU(3)(two)]), waves()


@kind
def bidirectional_sum() -> Made:
    """Fused, the calibrator reads what ADD wrote over a direction."""
    both = layers.Bidirectional(layers.LSTM(4, return_sequences=True), merge_mode="sum")
    return chain(both, layers.Dense(2)), waves()


@kind
def bidirectional_uneven() -> Made:
    """A direction ten times louder than the other: the converter scales one by the other."""
    x = x_input()
    one = layers.LSTM(4, return_sequences=True)(x)
    back = layers.LSTM(4, return_sequences=True, go_backwards=True)(0.05 * x)
    two = ops.flip(back, axis=1)
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()([one, two]))), waves()


@kind
def backwards_fused() -> Made:
    return chain(layers.LSTM(4, go_backwards=True), layers.Dense(2)), waves()


@kind
def quiet() -> Made:
    """A cell within ±0.5, of whose scale TFLite's fused kernel computes no tanh."""
    return chain(layers.LSTM(4), layers.Dense(2)), 0.05 * waves()


@kind
def counting() -> Made:
    """Cells that add up what they see, and went on from sequence to sequence in the calibrator."""
    forget = keras.initializers.Constant(np.repeat([0.0, 6.0, 0.0, 0.0], 4))
    cell = layers.LSTM(4, bias_initializer=forget, unit_forget_bias=False)
    return chain(cell, layers.Dense(2)), np.abs(waves())


@kind
def backwards() -> Made:
    back = layers.GRU(4, go_backwards=True, return_sequences=True)
    return chain(back, layers.LSTM(4)), waves()


@kind
def stacked_cells() -> Made:
    cells = layers.StackedRNNCells([layers.LSTMCell(5), layers.GRUCell(4)])
    return chain(layers.RNN(cells, return_sequences=True), layers.Dense(2)), waves()


@kind
def own_cell_warm() -> Made:
    return chain(layers.RNN(WarmCell(5)), layers.Dense(2)), waves()


@kind
def stateful() -> Made:
    x = keras.Input(batch_shape=(1, STEPS, FEATURES))
    return chain(layers.LSTM(4, stateful=True), layers.Dense(2), before=x), waves()


@kind
def conv_front() -> Made:
    conv = layers.Conv1D(5, 3, padding="causal", activation="relu")
    return chain(conv, layers.MaxPooling1D(2), layers.LSTM(4), layers.Dense(2)), waves()


@kind
def conv_lstm() -> Made:
    x = keras.Input((4, 6, 6, 1))
    return chain(layers.ConvLSTM2D(3, 3), layers.Flatten(), before=x), waves(4, 6, 6, 1)


# ---- a layer for every step


@kind
def td_dense() -> Made:
    x = x_input()
    y = layers.LSTM(5, return_sequences=True)(x)
    return keras.Model(x, layers.TimeDistributed(layers.Dense(2))(y)), waves()


@kind
def td_conv2d() -> Made:
    conv, flat = (layers.TimeDistributed(item) for item in (layers.Conv2D(3, 3), layers.Flatten()))
    before = keras.Input((4, 6, 6, 1))
    return chain(conv, flat, layers.LSTM(5), layers.Dense(2), before=before), waves(4, 6, 6, 1)


@kind
def td_sequential() -> Made:
    inner = keras.Sequential([layers.Conv1D(4, 3), layers.GlobalMaxPooling1D(), layers.Dense(3)])
    before = keras.Input((4, 6, 2))
    return chain(layers.TimeDistributed(inner), layers.LSTM(5), before=before), waves(4, 6, 2)


@kind
def td_layer_norm() -> Made:
    norm = layers.TimeDistributed(layers.LayerNormalization())
    return chain(layers.LSTM(5, return_sequences=True), norm, layers.LSTM(3)), waves()


@kind
def td_lstm() -> Made:
    before = keras.Input((4, 6, 2))
    rows = layers.TimeDistributed(layers.LSTM(4))
    return chain(rows, layers.LSTM(5), layers.Dense(2), before=before), waves(4, 6, 2)


# ---- numbers that are indices


@kind
def embedding() -> Made:
    parts = (layers.Embedding(WORDS, 4), layers.LSTM(5), layers.Dense(2))
    return chain(*parts, before=ids_input()), words()


@kind
def embedding_int64() -> Made:
    before = ids_input("int64")
    return chain(layers.Embedding(WORDS, 4), layers.GRU(5), layers.Dense(2), before=before), words()


@kind
def embedding_of_floats() -> Made:
    before = ids_input("float32")
    return chain(layers.Embedding(WORDS, 4), layers.GRU(5), layers.Dense(2), before=before), words()


@kind
def embedding_masked() -> Made:
    table = layers.Embedding(WORDS, 4, mask_zero=True)
    both = layers.Bidirectional(layers.LSTM(4, return_sequences=True))
    return chain(table, both, layers.GRU(4), layers.Dense(2), before=ids_input()), words()


@kind
def embedding_half_masked() -> Made:
    """Joined with what has no mask, so that no step is left out any more."""
    x, ids = x_input(), ids_input()
    both = layers.Concatenate()([x, layers.Embedding(WORDS, 3, mask_zero=True)(ids)])
    y = layers.MultiHeadAttention(2, 3)(both, both)
    samples = {"x": waves(), "ids": words()}
    return keras.Model([x, ids], layers.Dense(2)(layers.LSTM(4)(y))), samples


@kind
def embedding_in_a_branch() -> Made:
    ids = ids_input()
    inner = keras.Sequential([keras.Input((STEPS,), dtype="int32"), layers.Embedding(WORDS, 4)])
    one, two = layers.LSTM(4)(inner(ids)), layers.GRU(3)(layers.Embedding(WORDS, 3)(ids))
    return keras.Model(ids, layers.Dense(2)(layers.Concatenate()([one, two]))), words()


@kind
def table_lookup() -> Made:
    parts = (TableLookup(WORDS, 4), layers.LSTM(5), layers.Dense(2))
    return chain(*parts, before=ids_input()), words()


@kind
def positions() -> Made:
    return chain(Positions(WORDS, 4), layers.GRU(5), layers.Dense(2), before=ids_input()), words()


@kind
def flags() -> Made:
    x, on = x_input(), keras.Input((STEPS, 1), dtype="bool", name="on")
    marked = layers.Concatenate()([x, keras.ops.cast(on, "float32")])
    samples = {"x": waves(), "on": waves(STEPS, 1) > 0}
    return keras.Model([x, on], layers.Dense(2)(layers.LSTM(4)(marked))), samples


# ---- inputs and outputs


@kind
def several_inputs() -> Made:
    x, ids = x_input(), ids_input()
    both = layers.Concatenate()([layers.Embedding(WORDS, 4)(ids), x])
    return keras.Model([x, ids], layers.Dense(2)(layers.LSTM(5)(both))), {
        "x": waves(),
        "ids": words(),
    }


@kind
def inputs_by_name() -> Made:
    x, who = x_input("signal in"), keras.Input((4,), name="who")
    y = layers.Concatenate()([layers.LSTM(4)(x), layers.Dense(3)(who)])
    samples = {"signal in": waves(), "who": waves(4)}
    return keras.Model({"signal in": x, "who": who}, layers.Dense(2)(y)), samples


@kind
def blocks_by_name() -> Made:
    """A layer with a recurrence inside, in a model whose inputs go by name."""
    x, who = x_input("signal"), keras.Input((4,), name="about")
    y = layers.Concatenate()([layers.LSTM(4)(Recall(4)(x)), layers.Dense(3)(who)])
    samples = {"signal": waves(), "about": waves(4)}
    return keras.Model({"signal": x, "about": who}, layers.Dense(2)(y)), samples


@kind
def named_outputs() -> Made:
    x = x_input()
    y = layers.LSTM(5, return_sequences=True)(x)
    heads = {"step": layers.Dense(2)(y), "all": layers.Dense(3)(layers.LSTM(4)(y))}
    return keras.Model(x, heads), waves()


@kind
def two_heads() -> Made:
    x = x_input()
    y = layers.LSTM(5)(x)
    return keras.Model(x, [layers.Dense(2)(y), layers.Dense(3, activation="softmax")(y)]), waves()


@kind
def returned_state() -> Made:
    x = x_input()
    y, h, c = layers.LSTM(5, return_sequences=True, return_state=True)(x)
    return keras.Model(x, [layers.Dense(2)(y), layers.Dense(2)(h), c]), waves()


# ---- wirings


@kind
def residual() -> Made:
    x = x_input()
    y = layers.LSTM(5, return_sequences=True)(x)
    z = layers.Add()([y, layers.Dense(5)(x)])
    return keras.Model(x, layers.Dense(2)(layers.LSTM(4)(layers.LayerNormalization()(z)))), waves()


@kind
def gated_skip() -> Made:
    x = x_input()
    y = layers.GRU(5, return_sequences=True)(x)
    return keras.Model(x, layers.Multiply()([x, layers.Dense(3, "sigmoid")(y)])), waves()


@kind
def encoder_decoder() -> Made:
    x = x_input()
    _, h, c = layers.LSTM(5, return_state=True)(x)
    again = layers.RepeatVector(4)(h)
    y = layers.LSTM(5, return_sequences=True)(again, initial_state=[h, c])
    return keras.Model(x, layers.TimeDistributed(layers.Dense(2))(y)), waves()


@kind
def nested() -> Made:
    inner = keras.Sequential([x_input(), layers.LSTM(4, return_sequences=True), layers.Dense(3)])
    return chain(inner, layers.GRU(4), layers.Dense(2)), waves()


@kind
def last_step() -> Made:
    x = x_input()
    return keras.Model(x, layers.Dense(2)(layers.GRU(5, return_sequences=True)(x)[:, -1])), waves()


@kind
def attention() -> Made:
    x = x_input()
    y = layers.LSTM(4, return_sequences=True)(x)
    z = layers.Attention()([y, y])
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(z))), waves()


@kind
def additive_attention() -> Made:
    x = x_input()
    y = layers.GRU(4, return_sequences=True)(x)
    z = layers.AdditiveAttention()([y, y])
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(z))), waves()


@kind
def multi_head_attention() -> Made:
    x = x_input()
    y = layers.LSTM(4, return_sequences=True)(x)
    z = layers.Add()([y, layers.MultiHeadAttention(2, 3)(y, y)])
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(z))), waves()


@kind
def own_attention() -> Made:
    return chain(layers.GRU(4, return_sequences=True), Attend(), layers.Dense(2)), waves()


@kind
def recurrent_block() -> Made:
    return chain(Recall(4), Recall(4, both=True), layers.GRU(3), layers.Dense(2)), waves()


@kind
def subclassed() -> Made:
    model = Mixed(4)
    model(waves()[:1])
    return model, waves()


@kind
def subclassed_inside() -> Made:
    x = x_input()
    return keras.Model(x, layers.Dense(2)(layers.GRU(4)(Mixed(4)(x)))), waves()


# ---- normalisation


@kind
def normalization() -> Made:
    norm, x = layers.Normalization(), 3.0 * waves() + 5.0
    norm.adapt(x)
    return chain(norm, layers.LSTM(5), layers.Dense(2)), x


@kind
def normalization_nested() -> Made:
    norm, x = layers.Normalization(), 3.0 * waves() - 5.0
    norm.adapt(x)
    inner = keras.Sequential([x_input(), norm, layers.Dense(4)])
    return chain(inner, layers.GRU(4, return_sequences=True), layers.Dense(2)), x


@kind
def rescaling() -> Made:
    parts = (layers.Rescaling(0.2, offset=-1.0), layers.LSTM(5), layers.Dense(2))
    return chain(*parts), 3.0 * waves() + 5.0


@kind
def batch_norm() -> Made:
    parts = (layers.GRU(5, return_sequences=True), layers.BatchNormalization(), layers.GRU(3))
    return chain(*parts, layers.Dense(2)), waves()


@kind
def unit_norm() -> Made:
    parts = (layers.LSTM(5, return_sequences=True), layers.UnitNormalization(), layers.LSTM(3))
    return chain(*parts), waves()


# ---- what Keras makes of operators that TFLM does not have


@kind
def selu() -> Made:
    parts = (layers.GRU(4, activation="selu", return_sequences=True), layers.Dense(3, "selu"))
    return chain(*parts, layers.LSTM(3)), waves()


@kind
def up_sampled() -> Made:
    parts = (layers.LSTM(4, return_sequences=True), layers.UpSampling1D(2), layers.GRU(3))
    return chain(*parts), waves()
