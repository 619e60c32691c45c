"""Random Keras graphs: a number says everything about one.

They nest, branch, mask, name outputs, mix types of inputs, wrap layers in TimeDistributed and
Bidirectional, and use every cell. `build(17, "shift")` is the model of number 17 and samples for
it; which export and type is drawn by `tests.support.conversions.graph`. For workers.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tests.support.model_kinds import COUNT, WORDS, Samples, lively
from tests.support.own_layers import Attend, Recall, TableLookup, WarmCell

MASK = -5.0


def build(number: int, export: str) -> tuple[Any, Samples]:
    """The model of this number, and samples for it."""
    return _Graph(number, export).made()


class _Graph:
    """A graph in the making. `timed` are sequences of one length, `final` vectors."""

    def __init__(self, number: int, export: str) -> None:
        self.random = np.random.default_rng([20261201, number])
        self.export = export
        self.number = number
        self.steps = int(self.random.integers(2, 8))
        self.inputs: list[Any] = []
        self.samples: dict[str, Any] = {}
        self.timed: list[Any] = []
        self.final: list[Any] = []

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return bool(self.random.random() < share)

    def pick(self, items: Any) -> Any:
        """One of them."""
        return items[int(self.random.integers(len(items)))]

    def size(self) -> int:
        """Units of a layer."""
        return int(self.random.integers(2, 7))

    def made(self) -> tuple[Any, Samples]:
        """The model and its samples."""
        self._begin()
        for _ in range(int(self.random.integers(2, 6))):
            self.pick(self._moves())()
        if not self._has_recurrence():
            self.recur()
        model = lively(keras.Model(self._given(), self._results()), self.number)
        return model, self.samples

    def _begin(self) -> None:
        if self.chance(0.75):
            self._signal()
        if not self.timed or self.chance(0.3):
            self._tokens()
        if self.chance(0.15):
            vector = keras.Input((self.size(),), name=self.pick(["who", "vector 1", "2-d"]))
            self._take(vector, self.random.normal(size=(COUNT, vector.shape[1])))
            self.final.append(layers.Dense(3)(vector))
        if self.chance(0.1):
            flags = keras.Input((self.steps, 1), dtype="bool", name="flags")
            self._take(flags, self.random.random((COUNT, self.steps, 1)) > 0.5)
            self.timed.append(ops.cast(flags, "float32"))

    def _signal(self) -> None:
        features = self.size()
        x = keras.Input((self.steps, features), name=self.pick(["x", "signal", "in.put", "a b"]))
        data = self.random.normal(size=(COUNT, self.steps, features))
        masked = self.chance(0.25)
        value = float(self.pick([0.0, MASK]))
        if masked:
            self._pad(data, value)
        self._take(x, data)
        if masked:
            self.timed.append(layers.Masking(value)(x))
            return
        if self.chance(0.3):
            norm = layers.Normalization()
            norm.adapt(data)
            x = norm(x)
        elif self.chance(0.15):
            x = layers.Rescaling(0.5, offset=0.25)(x)
        self.timed.append(x)

    def _tokens(self) -> None:
        dtype = self.pick(["int32", "int32", "int64", "float32", "uint8"])
        ids = keras.Input((self.steps,), dtype=dtype, name=self.pick(["ids", "tokens"]))
        data = self.random.integers(1, WORDS, (COUNT, self.steps))
        masked = self.chance(0.35)
        if masked:
            self._pad(data, 0)
        self._take(ids, data)
        table = layers.Embedding(WORDS, self.size(), mask_zero=masked)
        if not masked and self.chance(0.25):
            table = TableLookup(WORDS, self.size())
        if self.chance(0.25):
            table = keras.Sequential([keras.Input((self.steps,), dtype=dtype), table])
        self.timed.append(table(ids))

    def _pad(self, data: Any, value: float) -> None:
        for row in data:
            row[self.steps - int(self.random.integers(0, self.steps)) :] = value

    def _take(self, tensor: Any, data: Any) -> None:
        self.inputs.append(tensor)
        self.samples[tensor.name] = np.asarray(data, tensor.dtype)

    def _moves(self) -> list[Any]:
        moves = [self.recur, self.recur, self.recur, self.each_step, self.each_step, self.end]
        if len(self.timed) > 1:
            moves += [self.join, self.join]
        moves += [self.branch, self.nest]
        if self.final:
            moves += [self.begin_again, self.dense]
        if self.chance(0.3):
            moves += [self.whole_window]
        return moves

    def latest(self) -> Any:
        """The sequence that was made last, or another."""
        return self.timed[-1] if self.chance(0.7) else self.pick(self.timed)

    def recurrence(self, *, sequences: bool = True) -> Any:
        """A recurrent layer."""
        units = self.size()
        options: dict[str, Any] = {"return_sequences": sequences}
        if self.export == "fused" and self.chance(0.85):
            return layers.LSTM(units, **options)
        kind = self.pick(["SimpleRNN", "GRU", "GRU", "LSTM", "LSTM", "cell", "stack", "both"])
        if kind == "both" and self.export == "step":
            kind = "LSTM"
        if kind == "both":
            inner = self.pick([layers.LSTM, layers.GRU])(units, **options)
            merge = self.pick(["concat", "sum", "mul", "ave"])
            return layers.Bidirectional(inner, merge_mode=merge)
        if kind == "stack":
            cells = [layers.LSTMCell(units), self.pick([layers.GRUCell, WarmCell])(units)]
            return layers.RNN(layers.StackedRNNCells(cells), **options)
        if kind == "cell":
            return layers.RNN(self.pick([WarmCell, layers.GRUCell])(units), **options)
        if kind == "GRU":
            options["reset_after"] = self.chance(0.5)
        if self.export != "step" and self.chance(0.1):
            options["go_backwards"] = True
        if self.chance(0.1):
            options["zero_output_for_mask"] = True
        if self.chance(0.1):
            options["use_bias"] = False
        return getattr(layers, kind)(units, **options)

    def recur(self) -> None:
        """A recurrent layer over a sequence."""
        self.timed.append(self.recurrence()(self.latest()))

    def each_step(self) -> None:
        """A layer that treats every step by itself."""
        x = self.latest()
        inner = keras.Sequential([layers.Dense(self.size(), activation="relu"), layers.Dense(3)])
        layer = self.pick([
            layers.Dense(self.size(), activation="tanh"),
            layers.TimeDistributed(layers.Dense(self.size())),
            layers.TimeDistributed(layers.LayerNormalization()),
            layers.TimeDistributed(inner),
            layers.LayerNormalization(),
            layers.BatchNormalization(),
            layers.UnitNormalization(),
            layers.Activation("relu"),
            layers.LeakyReLU(0.2),
            layers.PReLU(shared_axes=[1]),
            layers.Dropout(0.3),
            layers.Rescaling(0.5),
            lambda x: 0.5 * ops.tanh(x),
            lambda x: x * ops.sigmoid(x),
        ])  # fmt: skip
        self.timed.append(layer(x))

    def whole_window(self) -> None:
        """A layer that needs the whole window and keeps its length."""
        x = self.latest()
        layer = self.pick([
            layers.Conv1D(self.size(), 2, padding="causal"),
            layers.Conv1D(self.size(), 3, padding="same", activation="relu"),
            Recall(self.size()),
            Recall(self.size(), both=True),
            lambda x: layers.Attention()([x, x]),
            lambda x: layers.MultiHeadAttention(2, 2)(x, x),
        ])  # fmt: skip
        self.timed.append(layer(x))

    def join(self) -> None:
        """Two sequences into one."""
        one, two = self.latest(), self.pick(self.timed)
        if self.chance(0.5):
            self.timed.append(layers.Concatenate()([one, two]))
            return
        width = one.shape[-1]
        two = two if two.shape[-1] == width else layers.Dense(width)(two)
        self.timed.append(self.pick([layers.Add, layers.Multiply, layers.Maximum])()([one, two]))

    def branch(self) -> None:
        """A residual: a sequence and what a recurrent layer makes of it."""
        x = self.latest()
        y = self.recurrence()(x)
        self.timed.append(layers.Add()([y, layers.Dense(y.shape[-1])(x)]))

    def nest(self) -> None:
        """A model inside the model."""
        x = self.latest()
        inside = keras.Input(x.shape[1:])
        y = layers.Dense(self.size())(self.recurrence()(inside))
        if self.chance(0.5):
            y = layers.Concatenate()([y, layers.Dense(2, activation="tanh")(inside)])
        self.timed.append(keras.Model(inside, y)(x))

    def end(self) -> None:
        """A vector of a sequence."""
        x = self.latest()
        choice = self.random.random()
        if choice < 0.6:
            self.final.append(self.recurrence(sequences=False)(x))
        elif choice < 0.75:
            _, *states = layers.LSTM(self.size(), return_state=True)(x)
            self.final += states
        elif choice < 0.85:
            self.final.append(x[:, -1])
        else:
            pool = [layers.GlobalAveragePooling1D(), layers.GlobalMaxPooling1D(), Attend()]
            self.final.append(self.pick(pool)(x))

    def dense(self) -> None:
        """A layer behind a vector, or two of them joined."""
        x = self.pick(self.final)
        if len(self.final) > 1 and self.chance(0.6):
            x = layers.Concatenate()([x, self.pick(self.final)])
        self.final.append(layers.Dense(self.size(), activation=self.pick([None, "tanh"]))(x))

    def begin_again(self) -> None:
        """A decoder: a vector said again and again, or as the state that a layer begins with."""
        h = self.pick(self.final)
        if self.chance(0.5):
            self.timed.append(layers.RepeatVector(self.steps)(h))
            return
        cell = layers.GRU(h.shape[-1], return_sequences=True)
        self.timed.append(cell(self.latest(), initial_state=h))

    def _has_recurrence(self) -> bool:
        model = keras.Model(self.inputs, [*self.timed, *self.final])
        return any(isinstance(layer, layers.RNN) for layer in model._flatten_layers())

    def _given(self) -> Any:
        if len(self.inputs) == 1:
            return self.inputs[0]
        return {x.name: x for x in self.inputs} if self.chance(0.3) else self.inputs

    def _results(self) -> Any:
        results = [layers.Dense(2)(self.final[-1] if self.final else self.timed[-1])]
        if self.chance(0.4):
            results.append(layers.Dense(3, activation="softmax")(self.timed[-1]))
        if self.final and self.chance(0.15):
            results.append(self.final[-1])
        unused = [x for x in self.inputs if not _reaches(x, results)]
        for x in unused:
            end = ops.cast(x, "float32") if x.dtype != "float32" else x
            results.append(layers.Dense(1)(layers.Flatten()(end)))
        if len(results) == 1:
            return results[0]
        if self.chance(0.4):
            return {f"{self.pick('zyx')}{place}": x for place, x in enumerate(results)}
        return results


def _reaches(x: Any, results: list[Any]) -> bool:
    seen: set[int] = set()
    left = list(results)
    while left:
        tensor = left.pop()
        if tensor is x:
            return True
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        operation, index, _ = tensor._keras_history
        left += operation._inbound_nodes[index].input_tensors
    return False
