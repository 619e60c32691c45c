"""Compare the rungs of the ladder: pure arrays in, a verdict with its rung out.

    ladder = compare_ladder({"keras": k, "tflite": t, "tflm": m, "device": d}, labels, limits)
    ladder.verdict, ladder.failure

Nothing here knows a board, a model file or a framework.
"""

from tflm_hil.comparison.ladder import Ladder, compare_ladder
from tflm_hil.comparison.outputs import RungOutputs

__all__ = ["Ladder", "RungOutputs", "compare_ladder"]
