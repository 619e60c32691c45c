"""Causes in words."""

from __future__ import annotations

from tflm_hil.report.causes import Descent, Explanation


def explanation_lines(explanation: Explanation) -> tuple[str, ...]:
    """All that is known of why a variant differs."""
    return explanation.lines


def descent_sentence(descent: Descent) -> str:
    """What one sequence, run again with all tensors kept, has shown."""
    return " ".join(descent.lines)
