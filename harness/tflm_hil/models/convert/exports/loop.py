"""Keras' own loop: recurrent layers become a WHILE operator with two subgraphs.

The smallest float32 export of a long sequence. Quantising it crashes the converter's calibrator
(tensorflow issue 75140).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, call, outputs_of, rows
from tflm_hil.models.convert.exports.inputs import ModelInput, each, inputs_of, named_as_keras
from tflm_hil.models.convert.exports.rebuild import forget, load, rebuild, stateful
from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.convert.exports.saved import converter_of, output_names
from tflm_hil.models.convert.samples import Sequences


def converter(model_path: Path) -> Export:
    """Export with `unroll=False`."""
    return export_keras(model_path, unroll=False)


def export_keras(model_path: Path, *, unroll: bool) -> Export:
    """Common to the loop and the unrolled export. A stateful layer becomes a resource variable."""
    model = rebuild(load(str(model_path)), unroll=unroll)

    def probe(samples: Sequences) -> list[NDArray[np.float32]]:
        forget(model)
        results = [outputs_of(call(model, row)) for row in rows(samples)]
        forget(model)  # what it remembers would be stored with it
        return [np.concatenate(parts) for parts in zip(*results, strict=True)]

    taken = inputs_of(model)
    if stateful(model):
        if len(taken) > 1:
            names = ", ".join(item.name for item in taken)
            raise RefusedError(
                f"the model is stateful and has {len(taken)} inputs ({names})",
            )
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        return Export(converter, probe, carries_state=True)
    return Export(
        converter_of(_signed(model, taken)),
        probe,
        lambda samples: fed(taken, samples),
        finish=lambda content: named_as_keras(content, taken),
    )


def fed(taken: Sequence[ModelInput], samples: Sequences) -> Iterator[dict[str, Any]]:
    """One sample after the other, by the names of the signature."""
    for row in each(samples):
        yield {item.key: item.tensor(row[item.name]) for item in taken}


def _signed(model: Any, taken: Sequence[ModelInput]) -> Any:
    """The model as a function of named inputs, its weights as constants: `from_keras_model` keeps
    neither the names of inputs nor the order of named outputs, and opens the batch again where
    Keras 2 has been imported.
    """
    weights = [
        [tf.constant(np.asarray(item)) for item in items]
        for items in (model.trainable_variables, model.non_trainable_variables)
    ]
    struct = getattr(model, "_functional", model)._inputs_struct

    def run(**tensors: Any) -> dict[str, Any]:
        given = keras.tree.pack_sequence_as(struct, [tensors[item.key] for item in taken])
        results, _ = model.stateless_call(*weights, given, training=False)
        flat = keras.tree.flatten(results)
        return dict(zip(output_names(len(flat)), flat, strict=True))

    specs = {item.key: tf.TensorSpec((1, *item.shape), item.dtype, name=item.key) for item in taken}
    return tf.function(run, autograph=False).get_concrete_function(**specs)
