"""Keras' own loop: recurrent layers become a WHILE operator with two subgraphs.

The smallest float32 export of a long sequence. Quantising it crashes the converter's calibrator
(tensorflow issue 75140).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from harness.models.exports import Export
from harness.models.exports.rebuild import load, rebuild


def converter(model_path: Path) -> Export:
    """Export with `unroll=False`."""
    return export_keras(model_path, unroll=False)


def export_keras(model_path: Path, *, unroll: bool) -> Export:
    """Common to the loop and the unrolled export."""
    model = rebuild(load(str(model_path)), unroll=unroll)
    return Export(
        converter=tf.lite.TFLiteConverter.from_keras_model(model),
        probe=lambda x: np.concatenate(
            [np.asarray(model(row[np.newaxis], training=False)) for row in x]
        ),
    )
