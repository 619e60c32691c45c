"""Compare the rungs of the ladder: pure arrays in, a verdict with its rung out.

    result = compare_ladder({"keras": k, "tflite": t, "tflm": m, "device": d}, labels, limits)
    result.verdict, result.verdict_rung, result.sentence

Nothing here knows a board, a model file or a framework.
"""

from tflm_hil.comparison.ladder import LadderResult, RungDelta, compare_ladder
from tflm_hil.comparison.limits import Limit
from tflm_hil.comparison.outputs import RungOutputs

__all__ = ["LadderResult", "Limit", "RungDelta", "RungOutputs", "compare_ladder"]
