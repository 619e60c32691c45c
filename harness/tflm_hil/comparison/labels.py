"""What labels mean: found from their shape, their numbers and the task, or refused.

    labels = recognise(array, outputs.shape, task=None, stepwise=True)
    labels.kind, labels.task, labels.values

Outputs are `[N, C]`, or `[N, T, C]` where axis 1 counts steps (or rows, or anything: then every
position has a label). Nothing is guessed: labels that fit nothing, or two things at once, are a
`ComparisonError` that says what would fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ComparisonError
from tflm_hil.vocabulary import LabelKind, Task

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Labels:
    """`values` are class numbers, 0 and 1, or true values, in the outputs' own shape without what
    the kind leaves out; `last` says that outputs are judged at the last of their steps.
    """

    kind: LabelKind
    task: Task
    values: NDArray[Any]
    classes: int | None = None
    last: bool = False

    @property
    def per_step(self) -> bool:
        """Whether every step (or position) has a label."""
        return self.values.ndim > (2 if self.kind is LabelKind.VALUES else 1)


def recognise(
    labels: NDArray[Any],
    outputs: Shape,
    *,
    task: Task | None = None,
    stepwise: bool = True,
    inputs: int = 0,
) -> Labels:
    """What `labels` `[N, …]` are to `outputs` `[N, …, C]`.

    `task` is what somebody declared, None: nothing. `stepwise`: axis 1 of three counts steps, the
    last of which may be the one that is judged. `inputs` are the elements of an input sequence,
    which an autoencoder puts out again. Raises ComparisonError.
    """
    if labels.dtype.kind not in "biuf":
        raise _wrong(outputs, task, f"labels are of type {labels.dtype}, not numbers")
    if labels.dtype.kind == "f" and not np.all(np.isfinite(labels)):
        raise _wrong(outputs, task, "labels contain NaN or infinity")
    stepless = not stepwise and len(outputs) == 3
    found = [
        item
        for at, last in _views(outputs, stepwise=stepwise)
        for item in _fitting(labels, at, last=last, task=task)
    ]
    if task is Task.ANOMALY and not found:
        found = _of_reconstruction(labels, outputs, inputs)
    if not found:
        error = _wrong(outputs, task, _why(labels, outputs, task))
        if stepless and labels.shape[:1] == outputs[:1] and labels.ndim <= 2:
            error.remedy += f"; or say that axis 1 counts steps (--hil-steps {outputs[1]}, `steps`)"
        raise error
    kinds = {(item.kind, item.last) for item in found}
    if len(kinds) > 1:
        both = " and ".join(
            sorted(f"{kind}{' of the last step' if last else ''}" for kind, last in kinds)
        )
        raise ComparisonError(
            f"labels of shape {labels.shape} fit outputs of shape {outputs} as {both}",
            remedy=f"give class numbers: ({outputs[0]},) for the last step, or"
            f" ({', '.join(map(str, outputs[:-1]))}, 1) for every one",
        )
    return found[0]


def _views(outputs: Shape, *, stepwise: bool) -> list[tuple[Shape, bool]]:
    """The shapes that labels may have been made for: all outputs, or those of the last step."""
    views = [(outputs, False)]
    if stepwise and len(outputs) == 3:
        views.append(((outputs[0], outputs[2]), True))
    return views


def _fitting(
    labels: NDArray[Any], outputs: Shape, *, last: bool, task: Task | None
) -> list[Labels]:
    """How labels fit outputs of a shape; at most one way for a task."""
    *positions, classes = outputs
    whole = _whole(labels)
    found: list[Labels] = []
    numbers = _as(labels, tuple(positions))
    if task in (None, Task.CLASSIFICATION) and classes > 1:
        if numbers is not None and whole and _within(numbers, classes):
            found.append(
                Labels(LabelKind.CLASSES, Task.CLASSIFICATION, _ints(numbers), classes, last)
            )
        elif labels.shape == outputs and whole and _one_hot(labels):
            found.append(
                Labels(
                    LabelKind.ONE_HOT, Task.CLASSIFICATION, labels.argmax(axis=-1), classes, last
                )
            )
    binary = numbers is not None and whole and classes == 1 and _within(numbers, 2)
    if binary and numbers is not None:
        if task is Task.CLASSIFICATION:
            found.append(Labels(LabelKind.BINARY, task, _ints(numbers), 2, last))
        elif task in (None, Task.ANOMALY):
            found.append(Labels(LabelKind.SCORES, Task.ANOMALY, _ints(numbers), 2, last))
    values = _as(labels, outputs)
    if values is None and classes == 1 and numbers is not None:
        values = numbers[..., np.newaxis]
    if values is not None and (task is Task.REGRESSION or (task is None and not found)):
        found.append(Labels(LabelKind.VALUES, Task.REGRESSION, values, None, last))
    return found


def _of_reconstruction(labels: NDArray[Any], outputs: Shape, inputs: int) -> list[Labels]:
    """An autoencoder: the score of a sequence is how far its outputs are from its inputs."""
    numbers = _as(labels, outputs[:1])
    same = inputs and int(np.prod(outputs[1:])) == inputs
    if numbers is None or not same or not _whole(labels) or not _within(numbers, 2):
        return []
    return [Labels(LabelKind.RECONSTRUCTION, Task.ANOMALY, _ints(numbers), 2)]


def _as(labels: NDArray[Any], shape: Shape) -> NDArray[Any] | None:
    """The labels in a shape that is theirs but for axes of length 1 at the end."""
    trimmed = labels
    while trimmed.ndim > len(shape) and trimmed.shape[-1] == 1:
        trimmed = trimmed[..., 0]
    if trimmed.shape == shape:
        return trimmed
    return None


def _whole(labels: NDArray[Any]) -> bool:
    return labels.dtype.kind in "biu" or bool(np.array_equal(labels, np.trunc(labels)))


def _within(numbers: NDArray[Any], classes: int) -> bool:
    return bool(numbers.min() >= 0 and numbers.max() < classes)


def _one_hot(labels: NDArray[Any]) -> bool:
    return bool(np.all((labels == 0) | (labels == 1)) and np.all(labels.sum(axis=-1) == 1))


def _ints(numbers: NDArray[Any]) -> NDArray[np.int64]:
    return numbers.astype(np.int64)


def _why(labels: NDArray[Any], outputs: Shape, task: Task | None) -> str:
    text = f"labels of shape {labels.shape} do not fit outputs of shape {outputs}"
    if labels.dtype.kind in "biuf" and labels.size:
        text += f" (they go from {labels.min():g} to {labels.max():g})"
    return text if task is None else f"{text}, task {task}"


def _wrong(outputs: Shape, task: Task | None, what: str) -> ComparisonError:
    return ComparisonError(what, remedy=f"give {expected(outputs, task)}")


def expected(outputs: Shape, task: Task | None) -> str:
    """The labels that would fit, in words."""
    count, *positions, classes = outputs
    each = ", ".join(map(str, (count, *positions)))
    each = each if positions else f"{count},"
    ways = []
    if task in (None, Task.CLASSIFICATION):
        if classes > 1:
            ways.append(f"class numbers ({each}) from 0 to {classes - 1}")
            ways.append(f"one-hot rows ({', '.join(map(str, outputs))})")
        elif task is not None:
            ways.append(f"0 or 1 ({each})")
    if task in (None, Task.ANOMALY) and (classes == 1 or task is not None):
        ways.append(f"0 for normal and 1 for anomalous ({each if classes == 1 else f'{count},'})")
    if task in (None, Task.REGRESSION):
        ways.append(f"true values ({', '.join(map(str, outputs))})")
    said = " or ".join(ways)
    return said if task is not None else f"{said}; or name the task (--hil-task, `task`)"
