"""The kinds of mistakes that a report names."""

from __future__ import annotations

from enum import StrEnum


class CauseKind(StrEnum):
    """Why two sides differ. At equal merit the earlier mistake is believed.

    What each is, how it is found and what to do: docs/mistakes.md.
    """

    STATE_LEAKS = "state-leaks"
    STATE_LOST = "state-lost"
    INITIAL_STATE_IGNORED = "initial-state-ignored"
    DYNAMIC_SHAPE = "dynamic-shape"
    STATE_SCALE = "state-scale"
    STATES_SWAPPED = "states-swapped"
    OUTPUT_SCALE = "output-scale"
    BIAS_SCALE = "bias-scale"
    CELL_CLIPPED = "cell-clipped"
    ERROR_GROWS = "error-grows"
    CALIBRATION_RANGE = "calibration-range"
    NORMALISATION = "normalisation"
    FEATURE_ORDER = "feature-order"
    TIME_SHIFT = "time-shift"
    AXES_EXCHANGED = "axes-exchanged"
    MASK_IGNORED = "mask-ignored"
    GATE_ORDER = "gate-order"
    BIAS_OR_RESET = "bias-or-reset"
    ACTIVATION = "activation"
    FLOAT_ISLAND = "float-island"
    MEMORY_OVERLAP = "memory-overlap"
    KERNEL_FORGETS = "kernel-forgets"
    SINGLE_PRECISION = "single-precision"
    KERNEL_VARIANTS = "kernel-variants"
    BACKWARD_HALF = "backward-half"
    DECODER_START = "decoder-start"
    REFERENCE_VARIES = "reference-varies"
    NOT_FINITE = "not-finite"
    UNKNOWN = "unknown"  # something differs, and none of the above explains it


KNOWN_KINDS = tuple(kind for kind in CauseKind if kind is not CauseKind.UNKNOWN)
RANK = {kind: place for place, kind in enumerate(CauseKind)}
"""The order in which mistakes of equal merit are believed."""
