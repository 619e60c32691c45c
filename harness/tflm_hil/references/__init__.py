"""Desktop references: what Keras, TFLite and desktop TFLM say to the same sequences.

    references = compute(variant)                   # cached by content; warm: no TensorFlow
    references.rungs                      # {"cells": …, "keras": …, "tflite": …, "tflm": …}
    compute(variant, samples, mode="carry", frameworks=("tflm",))

Each framework runs in a process of its own, one for all variants of a call; results are in the
cache as they arrive.
"""

from tflm_hil.references.records import Mode, References
from tflm_hil.references.running import compute, compute_many

__all__ = ["Mode", "References", "compute", "compute_many"]
