"""Desktop references: what Keras, TFLite and desktop TFLM say to the same sequences.

    references = compute(variant)                   # cached by content; warm: no TensorFlow
    references.rungs                                # {"keras": …, "tflite": …, "tflm": …}
    compute(variant, samples, mode="carry", frameworks=("tflm",))

Each framework runs in a process of its own, one for all variants of a call.
"""

from harness.references.jobs import compute, compute_many
from harness.references.records import FRAMEWORKS, Framework, Mode, References

__all__ = ["FRAMEWORKS", "Framework", "Mode", "References", "compute", "compute_many"]
