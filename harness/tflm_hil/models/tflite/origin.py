"""Which exports a remedy may name for a model: none that it is in already, and none that a rule of
conversion blocks.

    use_export(model, (ExportKind.SHIFT, ExportKind.STEP))      # "--export shift or step", or ""
"""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.models.tflite.inspect import Inspection, Origin
from tflm_hil.models.tflite.states import named_pairs
from tflm_hil.vocabulary import ExportKind

# What a recurrent layer can be exported to in int16x8; the rules are in `models.convert.obstacles`.
WIDE = frozenset({ExportKind.STEP, ExportKind.UNROLLED})
FUSED_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def forms(model: Inspection) -> frozenset[ExportKind]:
    """The exports that a model may be of, as far as its graph tells."""
    if named_pairs(model):
        return frozenset({ExportKind.STEP})
    names = set(model.operator_counts)
    if "WHILE" in names:
        return frozenset({ExportKind.SHIFT, ExportKind.LOOP})
    return frozenset({ExportKind.FUSED if FUSED_LSTM in names else ExportKind.UNROLLED})


def other_exports(
    model: Inspection, wanted: Sequence[ExportKind], origin: Origin | None = None
) -> tuple[ExportKind, ...]:
    """Those of `wanted` that another conversion of this model may take."""
    if origin is not None:
        allowed = set(ExportKind) if origin.open is None else origin.open
        return tuple(item for item in wanted if item in allowed and item != origin.export)
    used = forms(model)
    wide = any(tensor.type == "int16" for tensor in (*model.inputs, *model.outputs))
    return tuple(item for item in wanted if item not in used and (not wide or item in WIDE))


def use_export(model: Inspection, wanted: Sequence[ExportKind]) -> str:
    """`--export A or B`, "" where none is left."""
    *first, last = other_exports(model, wanted, model.origin) or ("",)
    return f"--export {', '.join(first)}{' or ' if first else ''}{last}" if last else ""
