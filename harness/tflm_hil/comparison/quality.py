"""How well the outputs of one rung do what the labels ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.labels import Labels
from tflm_hil.comparison.metrics import accuracy, auc, label_rmse
from tflm_hil.vocabulary import LabelKind


@dataclass(frozen=True)
class Quality:
    """What there is for the task: the others are None."""

    accuracy: float | None = None
    auc: float | None = None
    label_rmse: float | None = None


def quality(
    values: NDArray[np.float32], labels: Labels, inputs: NDArray[Any] | None = None
) -> Quality:
    """Of outputs `[N, …]`. `inputs` `[N, …]` are for what an autoencoder puts out again."""
    judged = values[:, -1] if labels.last else values
    kind = labels.kind
    if kind is LabelKind.VALUES:
        return Quality(label_rmse=label_rmse(judged, labels.values))
    if kind is LabelKind.BINARY:
        return Quality(
            accuracy=binary_accuracy(judged[..., 0], labels.values),
            auc=auc(judged[..., 0], labels.values),
        )
    if kind is LabelKind.SCORES:
        return Quality(auc=auc(judged[..., 0], labels.values))
    if kind is LabelKind.RECONSTRUCTION:
        assert inputs is not None
        return Quality(auc=auc(reconstruction_error(judged, inputs), labels.values))
    return Quality(accuracy=accuracy(judged, labels.values))


def binary_accuracy(outputs: NDArray[np.float32], labels: NDArray[Any]) -> float:
    """Share of outputs on the right side of one half; of zero where outputs lie beyond 0 to 1, and
    are no probabilities. What is not finite is on no side.
    """
    finite = np.isfinite(outputs)
    known = outputs[finite]
    inside = known.size == 0 or bool(known.min() >= 0 and known.max() <= 1)
    decided = outputs > (0.5 if inside else 0.0)
    return float(np.mean((decided == (labels == 1)) & finite))


def reconstruction_error(outputs: NDArray[np.float32], inputs: NDArray[Any]) -> NDArray[np.float32]:
    """Mean squared difference of each sequence, `[N]`."""
    apart = outputs.reshape(len(outputs), -1).astype(np.float64) - inputs.reshape(len(inputs), -1)
    errors: NDArray[np.float32] = np.mean(np.square(apart), axis=1).astype(np.float32)
    return errors


def decisions(values: NDArray[np.float32], labels: Labels) -> NDArray[np.int64] | None:
    """The classes that outputs name; None for what decides nothing."""
    judged = values[:, -1] if labels.last else values
    if labels.kind in (LabelKind.CLASSES, LabelKind.ONE_HOT):
        decided: NDArray[np.int64] = np.argmax(judged, axis=-1)
        return decided
    return None


def chance(values: NDArray[np.float32], labels: Labels) -> float | None:
    """What would come of it if outputs had nothing to do with the labels: of an AUC one half, of an
    accuracy the agreement of the two distributions over the classes. None where that says nothing:
    for true values, or labels that are all the same.
    """
    if labels.kind is LabelKind.VALUES or len(np.unique(labels.values)) < 2:
        return None
    decided = decisions(values, labels)
    if decided is None or labels.classes is None:
        return 0.5
    counts = [
        np.bincount(item.reshape(-1), minlength=labels.classes) / item.size
        for item in (decided, labels.values)
    ]
    return float(counts[0] @ counts[1])
