"""Keras' own loop: recurrent layers become a WHILE operator with two subgraphs.

The smallest float32 export of a long sequence. Quantising it crashes the converter's calibrator
(tensorflow issue 75140).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tflm_hil.models.convert.exports import Export, call, outputs_of, rows
from tflm_hil.models.convert.exports.rebuild import forget, load, rebuild, stateful
from tflm_hil.models.convert.samples import Sequences


def converter(model_path: Path) -> Export:
    """Export with `unroll=False`."""
    return export_keras(model_path, unroll=False)


def export_keras(model_path: Path, *, unroll: bool) -> Export:
    """Common to the loop and the unrolled export. A stateful layer becomes a resource variable."""
    model = rebuild(load(str(model_path)), unroll=unroll)

    def probe(windows: Sequences) -> list[NDArray[np.float32]]:
        forget(model)
        results = [outputs_of(call(model, row)) for row in rows(windows)]
        forget(model)  # what it remembers would be stored with it
        return [np.concatenate(parts) for parts in zip(*results, strict=True)]

    return Export(
        tf.lite.TFLiteConverter.from_keras_model(model), probe, carries_state=stateful(model)
    )
