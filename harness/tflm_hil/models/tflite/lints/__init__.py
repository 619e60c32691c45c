"""Checks of a `.tflite` before it is flashed: what a board would refuse, hang on or get wrong.

    for finding in lint(content):
        print(finding)

Static: the flatbuffer is read, nothing runs. One function a lint, one module a subject; a lint
that is added to `LINTS` is complete. Each has a planted model that it finds and a clean one that
it leaves alone, in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.models.tflite.inspect import Inspection, inspect
from tflm_hil.models.tflite.lints.bounds import model_bounds_exceeded
from tflm_hil.models.tflite.lints.constants import not_finite_weight, unassigned_variable
from tflm_hil.models.tflite.lints.damage import damaged_graph
from tflm_hil.models.tflite.lints.engines import unsupported_operator
from tflm_hil.models.tflite.lints.finding import Finding, Lint
from tflm_hil.models.tflite.lints.fused import cell_clip
from tflm_hil.models.tflite.lints.scales import (
    bias_scale,
    fused_state_scales,
    per_channel_int16,
    state_scales,
    zero_scale,
)
from tflm_hil.models.tflite.lints.shapes import dynamic_batch, dynamic_shape_in_loop
from tflm_hil.models.tflite.lints.types import float_island, half_floats, hybrid
from tflm_hil.vocabulary import Engine, Severity

__all__ = ["LINTS", "Finding", "Lint", "lint"]

LINTS: dict[str, Lint] = {
    "damaged-graph": damaged_graph,
    "model-bounds": model_bounds_exceeded,
    "dynamic-batch": dynamic_batch,
    "dynamic-shape-in-loop": dynamic_shape_in_loop,
    "state-scales": state_scales,
    "fused-state-scales": fused_state_scales,
    "bias-scale": bias_scale,
    "per-channel-int16": per_channel_int16,
    "float-island": float_island,
    "hybrid": hybrid,
    "half-floats": half_floats,
    "zero-scale": zero_scale,
    "cell-clip": cell_clip,
    "not-finite-weight": not_finite_weight,
    "unassigned-variable": unassigned_variable,
}


def lint(
    model: bytes | Inspection,
    *,
    engine: str = Engine.BUILTIN,
    ignore: Sequence[str] = (),
    linked: frozenset[str] | None = None,
) -> tuple[Finding, ...]:
    """All findings, errors first; without those whose code is in `ignore`. `linked` are the
    operators of the TFLM library at hand, None where there is none.

    Raises `CorruptModel` if the bytes are not a model.
    """
    inspection = inspect(model) if isinstance(model, bytes) else model
    lints = {**LINTS, "unsupported-operator": unsupported_operator(engine, linked)}
    findings = [
        item for code, run in lints.items() if code not in ignore for item in run(inspection)
    ]
    severities = list(Severity)
    return tuple(sorted(findings, key=lambda item: severities.index(item.severity)))
