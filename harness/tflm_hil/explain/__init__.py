"""Name the mistake behind a difference: "what if" on the equations, ranked by what it explains.

found = diagnose(case, observed)
found.sentence
# "States h and c are swapped (after every step): it explains 99.9 % of the difference …"
"""

from tflm_hil.explain.case import Case, forward
from tflm_hil.explain.rank import Diagnosis, Known, Ranked, diagnose
from tflm_hil.references.equations.network import Backward, Decoder, Recurrent
from tflm_hil.references.equations.plain import Dense

__all__ = [
    "Backward",
    "Case",
    "Decoder",
    "Dense",
    "Diagnosis",
    "Known",
    "Ranked",
    "Recurrent",
    "diagnose",
    "forward",
]
