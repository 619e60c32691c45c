"""Float ↔ quantised bytes, exactly as the QUANTIZE and DEQUANTIZE operators do it.

    q = clamp(round(x / scale) + zero_point)        float32 division, half away from zero
    x = scale · (q - zero_point)                    float32

Rounding half away from zero is what TFLite's reference kernel and TFLM do (`TfLiteRound`, i.e.
C's `round`); NumPy's `rint` rounds half to even and differs on every tie. The division is one in
float32: x · (1 / scale) or a division in double rounds elsewhere. The integration tests hold both
functions against the operators of the two runtimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray


class TensorLike(Protocol):
    """What `Quantization.of` needs of a tensor's description (`TensorInfo` of the link fits)."""

    @property
    def type(self) -> str:
        """The numpy name of its type."""

    @property
    def scale(self) -> float:
        """0.0 if it is not quantised."""

    @property
    def zero_point(self) -> int:
        """The integer that stands for 0."""


@dataclass(frozen=True)
class Quantization:
    """How a tensor stores numbers: NumPy dtype name, scale and zero point.

    A scale of 0 means "not quantised": values are cast, integers must already be integers.
    """

    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    @staticmethod
    def of(tensor: TensorLike) -> Quantization:
        """Of a tensor's description."""
        return Quantization(tensor.type, tensor.scale, tensor.zero_point)

    @property
    def quantised(self) -> bool:
        """Whether numbers are scaled; a scale at floats means nothing."""
        return self.scale != 0.0 and self.integer

    @property
    def integer(self) -> bool:
        """Whether the stored elements are integers."""
        return np.issubdtype(np.dtype(self.dtype), np.integer)

    def quantize(self, values: ArrayLike) -> NDArray[Any]:
        """Stored elements of `values`; ValueError on NaN or infinity into an integer."""
        dtype = np.dtype(self.dtype)
        if not self.quantised:
            return np.asarray(values).astype(dtype)
        x = np.asarray(values, np.float32)
        if not np.all(np.isfinite(x)):
            raise ValueError("NaN or infinity cannot be quantised")
        limits = np.iinfo(dtype)
        ratio = x / np.float32(self.scale)
        # double holds every float32 + 0.5 exactly, so this is C's round()
        rounded = np.copysign(np.floor(np.abs(ratio.astype(np.float64)) + 0.5), ratio)
        stored: NDArray[Any] = np.clip(rounded + self.zero_point, limits.min, limits.max)
        return stored.astype(dtype)

    def dequantize(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """The numbers that stored elements stand for."""
        if not self.quantised:
            return np.asarray(stored, np.float32)
        offset = stored.astype(np.int64) - self.zero_point
        return (np.float64(np.float32(self.scale)) * offset).astype(np.float32)

    def to_bytes(self, values: ArrayLike) -> bytes:
        """`values` as the device reads them: row-major, little endian."""
        stored = np.ascontiguousarray(self.quantize(values))
        return stored.astype(stored.dtype.newbyteorder("<")).tobytes()

    def from_bytes(self, data: bytes, shape: tuple[int, ...] = (-1,)) -> NDArray[Any]:
        """Stored elements out of the device's bytes (not dequantised)."""
        dtype = np.dtype(self.dtype)
        return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)

    def saturated(self, values: ArrayLike) -> int:
        """How many of `values` lie beyond what the scale can hold."""
        if not self.quantised:
            return 0
        limits = np.iinfo(np.dtype(self.dtype))
        exact = np.asarray(values, np.float64) / self.scale + self.zero_point
        return int(np.count_nonzero((exact < limits.min - 0.5) | (exact >= limits.max + 0.5)))
