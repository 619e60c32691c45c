"""The converter's calibrator, made to forget: a sequence begins with the states of no other.

An operator that keeps its state in a variable tensor, as the fused LSTM does, goes on in the
calibrator from call to call. What it then records are ranges of one endless sequence: of an LSTM
over 2 steps a cell from -2.0 to 0.26 where it stays within -0.8 and 0.4, and an output range that
cuts off what the model puts out. The calibrator sets variables to 0 only when it is made ready,
before its first sample (tensorflow/lite/python/optimize/calibrator.py), so it is made ready before
every sample that is a `Begin`. Imports TensorFlow: for workers only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tensorflow.lite.python.optimize import calibrator


class Begin(dict[str, Any]):
    """A sample by the names of the signature, before which all states are 0."""


class _Forgetting(calibrator.Calibrator):  # type: ignore[misc]
    def _feed_tensors(self, dataset_gen: Callable[[], Any], resize_input: bool) -> None:
        """Feeds samples up to the next `Begin` together: each time that anything is fed begins
        with variables at 0.
        """
        together: list[Any] = []
        for sample in dataset_gen():
            if isinstance(sample, Begin) and together:
                super()._feed_tensors(together.copy, resize_input)
                together.clear()
            together.append(sample)
        super()._feed_tensors(together.copy, resize_input)


@contextmanager
def forgetting() -> Iterator[None]:
    """Converters in this block calibrate so."""
    usual = calibrator.Calibrator
    calibrator.Calibrator = _Forgetting
    try:
        yield
    finally:
        calibrator.Calibrator = usual
