"""What one rung of the ladder put out, for all sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ComparisonError


@dataclass(frozen=True)
class RungOutputs:
    """Outputs `[N, ...]` of one rung, one sequence a row; the last axis holds the outputs.

    `values` are real numbers (float32). For an integer model `stored` holds what the runtime
    wrote, and `values` is `scale * (stored - zero_point)`; bits are compared on `stored`.
    `per_step` says that axis 1 counts the steps of a sequence: `[N, T, ...]`.
    """

    values: NDArray[np.float32]
    stored: NDArray[Any] | None = None
    scale: float = 0.0
    zero_point: int = 0
    per_step: bool = False

    def __post_init__(self) -> None:
        if self.values.ndim < 2 or self.values.size == 0:
            raise ComparisonError(
                f"outputs of shape {self.values.shape} hold nothing to compare",
                remedy="give [N, outputs] or [N, steps, outputs] with at least one sequence",
            )
        if self.per_step and self.values.ndim < 3:
            raise ComparisonError(
                f"outputs of shape {self.values.shape} have no step axis",
                remedy="give per-step outputs as [N, steps, outputs]",
            )
        if self.stored is not None and self.stored.shape != self.values.shape:
            raise ComparisonError(
                f"stored outputs have shape {self.stored.shape}, their values {self.values.shape}",
                remedy="build integer outputs with RungOutputs.of_stored",
            )

    @staticmethod
    def of_stored(
        stored: NDArray[Any], *, scale: float, zero_point: int, per_step: bool = False
    ) -> RungOutputs:
        """From what a runtime wrote: integers with their scale, or floats with scale 0."""
        if not np.issubdtype(stored.dtype, np.integer):
            return RungOutputs(np.asarray(stored, np.float32), per_step=per_step)
        factor = np.float64(np.float32(scale or 1.0))
        values = (factor * (stored.astype(np.int64) - zero_point)).astype(np.float32)
        return RungOutputs(values, stored, scale, zero_point, per_step)

    @property
    def integer(self) -> bool:
        """Whether the rung puts out integers, so that LSB can be counted."""
        return self.stored is not None

    def __len__(self) -> int:
        return len(self.values)
