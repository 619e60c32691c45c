"""All suspects, by the kind of their mistake.

Each computes what the network would put out if that mistake had been made. Mistakes that are not
computed (what a lint sees, kernels that round, a reference that varies) are no suspects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tflm_hil.explain.case import Case
from tflm_hil.explain.fit import Fit, Observed
from tflm_hil.explain.suspects import bias, cell, inputs, state
from tflm_hil.report.kinds import CauseKind

Suspect = Callable[[Case, Observed], Fit | None]
"""The best explanation that a mistake can give, None if the case has nothing it could touch."""

SUSPECTS: Mapping[CauseKind, Suspect] = {
    CauseKind.STATE_LEAKS: state.leaks,
    CauseKind.STATE_LOST: state.lost,
    CauseKind.INITIAL_STATE_IGNORED: state.initial_ignored,
    CauseKind.STATE_SCALE: state.other_scale,
    CauseKind.STATES_SWAPPED: state.swapped,
    CauseKind.OUTPUT_SCALE: cell.output_scale,
    CauseKind.BIAS_SCALE: bias.later_scale,
    CauseKind.CELL_CLIPPED: state.cell_clipped,
    CauseKind.ERROR_GROWS: state.dynamics,
    CauseKind.CALIBRATION_RANGE: inputs.range_too_narrow,
    CauseKind.NORMALISATION: inputs.normalisation,
    CauseKind.FEATURE_ORDER: inputs.feature_order,
    CauseKind.TIME_SHIFT: inputs.step_shifted,
    CauseKind.AXES_EXCHANGED: inputs.axes_exchanged,
    CauseKind.MASK_IGNORED: inputs.mask_ignored,
    CauseKind.GATE_ORDER: cell.gate_order,
    CauseKind.BIAS_OR_RESET: bias.missing_or_reset,
    CauseKind.ACTIVATION: cell.activation,
    CauseKind.MEMORY_OVERLAP: state.memory_overlap,
    CauseKind.BACKWARD_HALF: cell.backward_half,
    CauseKind.DECODER_START: state.decoder_start,
}
