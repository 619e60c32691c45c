"""What one rung of the ladder put out, for all sequences: one shape from the link to the report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ComparisonError


@dataclass(frozen=True, eq=False)
class RungOutputs:
    """Outputs `[N, ...]` of one rung, one sequence a row, as the runtime wrote them; the last axis
    holds the outputs.

    `stored` are float32 with scale 0, or integers with their scale: their `values` are
    `scale * (stored - zero_point)`, and bits are compared on `stored`. `per_step` says that axis 1
    counts the steps of a sequence: `[N, T, ...]`. Raises ComparisonError for what has no outputs,
    or no step axis.
    """

    stored: NDArray[Any]
    scale: float = 0.0
    zero_point: int = 0
    per_step: bool = False

    def __post_init__(self) -> None:
        if self.stored.ndim < 2 or self.stored.size == 0:
            raise ComparisonError(
                f"outputs of shape {self.stored.shape} hold nothing to compare",
                remedy="give [N, outputs] or [N, steps, outputs] with at least one sequence",
            )
        if self.per_step and self.stored.ndim < 3:
            raise ComparisonError(
                f"outputs of shape {self.stored.shape} have no step axis",
                remedy="give per-step outputs as [N, steps, outputs]",
            )

    @property
    def integer(self) -> bool:
        """Whether the rung puts out integers, so that LSB can be counted."""
        return bool(np.issubdtype(self.stored.dtype, np.integer))

    @cached_property
    def values(self) -> NDArray[np.float32]:
        """As real numbers."""
        if not self.integer:
            return np.asarray(self.stored, np.float32)
        factor = np.float64(np.float32(self.scale or 1.0))
        return (factor * (self.stored.astype(np.int64) - self.zero_point)).astype(np.float32)

    def holding(self, stored: NDArray[Any], *, per_step: bool | None = None) -> RungOutputs:
        """Other numbers on the same scale."""
        return replace(
            self, stored=stored, per_step=self.per_step if per_step is None else per_step
        )

    def __len__(self) -> int:
        return len(self.stored)
