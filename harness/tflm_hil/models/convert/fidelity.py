"""How near a converted model is to the Keras model that it came from: figures and a judgement.

Both run on the same sequences; the converted one in desktop TFLite Micro, as a board would run it,
on the device's own input bytes, and in TFLite's interpreter with reference kernels. TFLM decides
where it takes the model: the two differ on recurrent int8 models. For every output:

    max_abs, rms    the difference, in the output's unit
    high - low      the range of the Keras output over these sequences
    spread          how much it depends on the input: the standard deviation of Keras' output about
                    its mean, which is taken per element of the last axis
    scale           the step of an integer output; 0.0 for floats
    same_class      share of sequences with the same largest element, where the output is a softmax

Judged is

    float32     the same equations in the same precision. The largest difference may be
                FLOAT_RELATIVE of the largest output and FLOAT_FLOOR: rounding of sums in another
                order, which a recurrence passes on.
    integers    The model is wrong if it is no better than its own mean output, put out whatever
                the input is: rms ≥ spread, which is R² ≤ 0; or, of classes, if it is doubtful and
                agrees with Keras less often than the most frequent class alone would. It is
                doubtful, and a sentence says so, if rms is more than DOUBTFUL of the spread
                (R² < 0.9; of int16x8 0.99) or fewer than DOUBTFUL_SAME_CLASS of the decisions are
                the same. On the models of the zoo rms is 0 to 12 % of the spread, and 21 % of the
                one whose int8 form is known to be poor.

What is smaller than FLOOR of all that the output's scale holds, 2 LSB of int8, is never held
against a model: an output that hardly moves on the given sequences has no spread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.vocabulary import Precision, RungName

FLOAT_RELATIVE = 1e-5
FLOAT_FLOOR = 1e-6
FLOOR = 2.0 / 256
# Of the spread: R² = 0.9, and 0.99 of int16x8, where nothing but the weights has 8 bits.
DOUBTFUL = {Precision.INT8: 0.316, Precision.INT16X8: 0.1}
DOUBTFUL_SAME_CLASS = 0.95


class Fidelity(StrEnum):
    """What a comparison with Keras says of a conversion."""

    FAITHFUL = "faithful"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"


@dataclass(frozen=True)
class OutputComparison:
    """One output against Keras, see above. `worst` is the place of the largest difference: the
    sequence and the indices behind it.
    """

    name: str
    max_abs: float
    rms: float
    low: float
    high: float
    spread: float
    scale: float
    same_class: float | None
    worst: tuple[int, ...]
    fidelity: Fidelity

    @property
    def max_lsb(self) -> float | None:
        """The largest difference in steps of the output's scale; None for floats."""
        return self.max_abs / self.scale if self.scale else None

    @property
    def share_of_range(self) -> float | None:
        """The largest difference as a share of the range; None where the output never changes."""
        return self.max_abs / (self.high - self.low) if self.high > self.low else None


@dataclass(frozen=True)
class Comparison:
    """A conversion, run by `runtime`, against its Keras model on `sequences` sequences.

    `given`: they were the user's; otherwise random numbers of the inputs' types were taken.
    """

    sequences: int
    given: bool
    outputs: tuple[OutputComparison, ...]
    runtime: RungName = RungName.TFLM

    @property
    def fidelity(self) -> Fidelity:
        """That of the worst output."""
        found = {item.fidelity for item in self.outputs}
        return next(one for one in reversed(Fidelity) if one in found)

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> Comparison:
        """Out of what `dataclasses.asdict` made and JSON carried."""
        outputs = tuple(
            OutputComparison(
                **{
                    **item,
                    "worst": tuple(item["worst"]),
                    "fidelity": Fidelity(item["fidelity"]),
                }
            )
            for item in record["outputs"]
        )
        runtime = RungName(record["runtime"])
        return Comparison(record["sequences"], record["given"], outputs, runtime)


def compare_output(
    name: str, keras: NDArray[Any], converted: NDArray[Any], *, quantization: Quantization
) -> OutputComparison:
    """Two arrays `[N, ...]` of finite numbers, sequence by sequence; `quantization` is the one of
    the converted output.
    """
    wanted = keras.astype(np.float64)
    ours = converted.astype(np.float64).reshape(wanted.shape)
    apart = np.abs(ours - wanted)
    rms = float(np.sqrt(np.mean(np.square(apart))))
    means = wanted.reshape(-1, wanted.shape[-1]).mean(axis=0) if wanted.ndim > 1 else wanted.mean()
    spread = float(np.sqrt(np.mean(np.square(wanted - means))))
    classes = _classes(wanted, ours)
    largest = float(apart.max())
    if quantization.quantised:
        wide = np.dtype(quantization.dtype).itemsize > 1
        floor = FLOOR * quantization.scale * (1 << 16 if wide else 1 << 8)
        allowed = DOUBTFUL[Precision.INT16X8 if wide else Precision.INT8] * spread
        fidelity = _integers(largest, rms, spread, allowed, floor, classes)
    else:
        bound = FLOAT_RELATIVE * float(np.abs(wanted).max()) + FLOAT_FLOOR
        fidelity = Fidelity.FAITHFUL if largest <= bound else Fidelity.WRONG
    return OutputComparison(
        name=name,
        max_abs=largest,
        rms=rms,
        low=float(wanted.min()),
        high=float(wanted.max()),
        spread=spread,
        scale=quantization.scale,
        same_class=classes[0] if classes else None,
        worst=tuple(int(index) for index in np.unravel_index(apart.argmax(), apart.shape)),
        fidelity=fidelity,
    )


def _integers(
    largest: float,
    rms: float,
    spread: float,
    allowed: float,
    floor: float,
    classes: tuple[float, float] | None,
) -> Fidelity:
    if largest <= floor:
        return Fidelity.FAITHFUL
    if rms >= spread and rms > floor:
        return Fidelity.WRONG
    far = rms > allowed
    if classes is not None:
        same, most_frequent = classes
        if far and same < most_frequent:
            return Fidelity.WRONG
        far |= same < DOUBTFUL_SAME_CLASS
    return Fidelity.DOUBTFUL if far else Fidelity.FAITHFUL


def _classes(keras: NDArray[Any], converted: NDArray[Any]) -> tuple[float, float] | None:
    """Share of equal largest elements, and of the class that is most frequent in Keras; None unless
    Keras' outputs are probabilities that sum to 1.
    """
    if keras.ndim < 2 or keras.shape[-1] < 2:
        return None
    if keras.min() < 0.0 or np.max(np.abs(keras.sum(axis=-1) - 1.0)) > 1e-3:
        return None
    theirs = keras.argmax(axis=-1)
    same = float(np.mean(theirs == converted.argmax(axis=-1)))
    return same, float(np.bincount(theirs.ravel()).max() / theirs.size)


def first_not_finite(array: NDArray[Any]) -> tuple[int, ...] | None:
    """The indices of the first NaN or infinity, None if there is none."""
    if array.dtype.kind != "f":
        return None
    places = np.argwhere(~np.isfinite(array))
    return tuple(int(index) for index in places[0]) if len(places) else None


def chosen(count: int, most: int) -> NDArray[np.intp]:
    """Which of `count` sequences are compared: at most `most`, evenly over all of them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def per_window(stored: Sequence[NDArray[Any]], keras: NDArray[Any]) -> NDArray[Any] | None:
    """What the Invokes of one window gave, in the shape of Keras' output of that window.

    All steps of an output that has them, or the last; None if neither fits.
    """
    stacked = np.stack(stored)
    if stacked.size == keras.size:
        return stacked.reshape(keras.shape)
    if stored[-1].size == keras.size:
        return stored[-1].reshape(keras.shape)
    return None
