"""Every time step written out: no loop, so it quantises to int8; size grows with the length."""

from __future__ import annotations

from pathlib import Path

from tflm_hil.models.convert.exports import Export
from tflm_hil.models.convert.exports.loop import export_keras


def converter(model_path: Path) -> Export:
    """Export with `unroll=True`."""
    return export_keras(model_path, unroll=True)
