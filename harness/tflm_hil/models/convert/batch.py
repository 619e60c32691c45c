"""A `.tflite` with an open batch → one of batch 1, held against the one that it came from.

fixed = with_batch_one(Path("my.tflite"))
fixed.content
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflm_hil.errors import ConfigurationError, ConversionError
from tflm_hil.models.tflite.fix_batch import fix_batch
from tflm_hil.worker import WorkerError, run_worker


@dataclass(frozen=True)
class FixedBatch:
    """The flatbuffer, and how many output elements were found equal to those of the open one."""

    content: bytes
    elements: int


def with_batch_one(model: Path, *, timeout_s: float = 900.0) -> FixedBatch:
    """The model in the file `model` for batch 1.

    Raises ConversionError if it has no open batch, if a size in it is not known then either, or if
    TFLite's interpreter gives other bits for it than for the open one; CorruptModel.
    """
    try:
        content = model.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {model}: {error.strerror}", remedy="check the path"
        ) from error
    fixed = fix_batch(content, name=str(model))
    arrays = {
        "open": np.frombuffer(content, np.uint8),
        "fixed": np.frombuffer(fixed, np.uint8),
    }
    try:
        answer, _ = run_worker(
            "tflm_hil.models.convert.batch_worker", {}, arrays, timeout_s=timeout_s
        )
    except WorkerError as failure:
        raise ConversionError(
            f"{model} at batch 1 cannot be compared with the open one: {failure.cause}",
            remedy="convert the Keras model with `hil convert`; the last lines were:\n"
            + failure.tail,
        ) from failure
    if answer["differing"]:
        raise ConversionError(
            f"{model} at batch 1 gives other numbers than the open one:"
            f" {answer['differing']} of {answer['elements']} differ",
            remedy="convert the Keras model with `hil convert`",
        )
    return FixedBatch(fixed, int(answer["elements"]))
