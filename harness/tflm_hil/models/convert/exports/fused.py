"""Fused LSTM: legacy Keras (`tf_keras`) lowers its LSTM layer to one TFLite operator.

UNIDIRECTIONAL_SEQUENCE_LSTM is 3 to 6 kB at any length and quantises to int8. Keras 3 lost this
path, so every LSTM layer of the graph is built again in `tf_keras` with the same weights. Only LSTM
is lowered, and only with its default activations; a model that would fall back to WHILE is refused
here, because it is then not the export that was asked for. The operator keeps its state from
Invoke to Invoke until it is reset, so a stateful LSTM is the same operator.

In int8 the operator has one scale for what it puts out, and one more inside for the same numbers;
the kernels of TFLite need the two to be one, and the converter does not see to it:

- it reads what an operator was given after that ran, and an ADD may have written its result there
  (error 3.6 instead of 0.02 on a residual). The outputs of a model are not overwritten, so the
  LSTM's are outputs while it is calibrated;
- a CONCATENATION gives its scale to what it joins, through every reshape. So the scale inside is
  made that of the output.

TFLite's kernel computes no tanh of a cell whose scale is below 2^-15, TFLM's does
(tensorflow/lite/kernels/internal/reference/portable_tensor_utils.cc, PortableApplyTanh: 0 to 6
integer bits). A cell that stays within ±0.5 gets such a scale; it is made 2^-15, so that both
agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from tflm_hil.models.convert.calibration import Begin
from tflm_hil.models.convert.exports import Export, Feed
from tflm_hil.models.convert.exports.equality import windows
from tflm_hil.models.convert.exports.graph import Graph
from tflm_hil.models.convert.exports.inputs import each, inputs_of, named_as_keras
from tflm_hil.models.convert.exports.links import Recurrent
from tflm_hil.models.convert.exports.loop import fed
from tflm_hil.models.convert.exports.rebuild import load, rebuild, stateful
from tflm_hil.models.convert.exports.saved import converter_of, output_names
from tflm_hil.models.convert.exports.shift import function_of
from tflm_hil.models.convert.samples import Sequences, count_of
from tflm_hil.models.tflite.flatbuffer import Editor


def converter(model_path: Path) -> Export:
    """Export through `tf_keras`; raises ValueError for layers that cannot be fused."""
    original = load(str(model_path))
    model = rebuild(original, unroll=False, stateless=True)
    operators = Operators()
    graph = Graph(model, operators)
    taken = inputs_of(model)
    outputs = output_names(len(model.outputs))
    function = function_of(graph, taken, outputs, also=operators.kept)

    def probe(samples: Sequences) -> list[NDArray[np.float32]]:
        results = [
            function(**{item.key: tf.constant(item.tensor(row[item.name])) for item in taken})
            for row in each(samples)
        ]
        return [np.concatenate([np.asarray(item[name]) for item in results]) for name in outputs]

    def representative(samples: Sequences) -> Iterator[Feed]:
        cut = windows(taken, samples)
        # windows that stand alone are taken as one sequence, as a stateful Keras model does
        goes_on = stateful(original)
        alone = goes_on and count_of(cut) == count_of(samples)
        length = count_of(cut) // (1 if alone else count_of(samples)) if goes_on else 1
        for number, feed in enumerate(fed(taken, cut)):
            yield Begin(feed) if number % length == 0 else feed

    return Export(
        converter_of(function, operators.layers),
        probe,
        representative,
        finish=lambda content: named_as_keras(_finished(content), taken),
    )


KEPT = "kept"
"""What outputs are called that are there for the calibrator only, before their number."""


def _finished(content: bytes) -> bytes:
    """Without the outputs that were kept, each LSTM on one scale."""
    editor = Editor(content)
    editor.repair_lstm_scales()
    names = [item.name.decode() for item in editor.model.signatureDefs[0].outputs]
    for name in names:
        if name.startswith(KEPT):
            editor.drop_output(name)
    return editor.content()


class Operators:
    """Runs an LSTM as the layer of legacy Keras that is lowered, see `graph.Loop`. `layers` are
    those that were made.
    """

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self._made: dict[int, Any] = {}
        self._outputs: list[Any] = []

    def kept(self) -> dict[str, Any]:
        """The outputs of all LSTM since this was asked for the last time."""
        outputs, self._outputs = self._outputs, []
        return {f"{KEPT}{number}": output for number, output in enumerate(outputs)}

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
        """The operator's output; its states stay inside it."""
        _check(link, from_zero=from_zero, masked=mask is not None)
        if id(link.layer) not in self._made:
            with tf.init_scope():
                self._made[id(link.layer)] = self._legacy(link)
        if link.backward:
            x = tf.reverse(x, axis=[1])
        output = self._made[id(link.layer)](x, training=False)
        self._outputs.append(output)
        if in_time_order and link.sequences:
            output = tf.reverse(output, axis=[1])
            self._outputs.append(output)
        return output, list(states)

    def _legacy(self, link: Recurrent) -> Any:
        source = link.layer
        layer = tf_keras.layers.LSTM(
            source.units, return_sequences=link.sequences, name=f"fused_{len(self.layers)}"
        )
        layer.build((1, None, int(source.cell.kernel.shape[0])))
        layer.set_weights(source.get_weights())
        self.layers.append(layer)
        return layer


def _check(link: Recurrent, *, from_zero: bool, masked: bool) -> None:
    """Refuse what legacy Keras would export as WHILE: it is right, but no longer fused."""
    kind = type(link.layer).__name__
    if kind != "LSTM":
        raise ValueError(f"layer {link.name} is a {kind}; only LSTM has a fused operator")
    if not from_zero:
        raise ValueError(
            f"layer {link.name} begins with a state that it is given; the fused operator begins"
            " at 0"
        )
    if masked:
        raise ValueError(f"layer {link.name} is given a mask; the fused operator takes none")
    config = link.layer.get_config()
    wanted = {
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "use_bias": True,
        "return_state": False,
    }
    for key, value in wanted.items():
        if config[key] != value:
            raise ValueError(
                f"LSTM {link.name} has {key}={config[key]!r}; only {value!r} is lowered to the"
                " fused operator"
            )
