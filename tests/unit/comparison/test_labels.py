"""Labels: what they are to outputs, and that nothing is guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from tflm_hil.comparison import RungOutputs, compare_ladder
from tflm_hil.comparison.labels import recognise
from tflm_hil.comparison.metrics import auc
from tflm_hil.comparison.quality import quality
from tflm_hil.errors import ComparisonError
from tflm_hil.vocabulary import LabelKind, RungName, Task

Shape = tuple[int, ...]


def ints(shape: Shape, classes: int) -> NDArray[np.int64]:
    return np.arange(int(np.prod(shape))).reshape(shape) % classes


def one_hot(shape: Shape, classes: int) -> NDArray[np.int64]:
    return np.eye(classes, dtype=np.int64)[ints(shape, classes)]


def reals(*shape: int) -> NDArray[np.float64]:
    return np.linspace(-1.5, 2.5, int(np.prod(shape))).reshape(shape)


C, R, A = Task.CLASSIFICATION, Task.REGRESSION, Task.ANOMALY

FITTING: list[tuple[NDArray[Any], Shape, LabelKind, Task, bool]] = [
    (ints((6,), 3), (6, 3), LabelKind.CLASSES, C, False),
    (ints((6, 1), 3), (6, 3), LabelKind.CLASSES, C, False),
    (ints((6,), 3).astype(np.float32), (6, 3), LabelKind.CLASSES, C, False),
    (one_hot((6,), 3), (6, 3), LabelKind.ONE_HOT, C, False),
    (one_hot((6,), 3).astype(bool), (6, 3), LabelKind.ONE_HOT, C, False),
    (ints((6, 5), 3), (6, 5, 3), LabelKind.CLASSES, C, False),
    (one_hot((6, 5), 3), (6, 5, 3), LabelKind.ONE_HOT, C, False),
    (ints((6,), 3), (6, 5, 3), LabelKind.CLASSES, C, True),
    (one_hot((6,), 3), (6, 5, 3), LabelKind.ONE_HOT, C, True),
    (reals(6, 3), (6, 3), LabelKind.VALUES, R, False),
    (reals(6), (6, 1), LabelKind.VALUES, R, False),
    (reals(6, 5), (6, 5, 1), LabelKind.VALUES, R, False),
    (reals(6), (6, 5, 1), LabelKind.VALUES, R, True),
    (reals(6, 2), (6, 5, 2), LabelKind.VALUES, R, True),
    (np.array([7, 8, 9, 3]), (4, 1), LabelKind.VALUES, R, False),
    (ints((6,), 2), (6, 1), LabelKind.SCORES, A, False),
    (ints((6, 5), 2), (6, 5, 1), LabelKind.SCORES, A, False),
]


@pytest.mark.parametrize(("labels", "outputs", "kind", "task", "last"), FITTING)
def test_shape_and_numbers_say_what_labels_are(
    labels: NDArray[Any], outputs: Shape, kind: LabelKind, task: Task, last: bool
) -> None:
    found = recognise(labels, outputs)
    assert (found.kind, found.task, found.last) == (kind, task, last)
    assert recognise(labels, outputs, task=task).kind is kind


def test_a_declared_task_decides() -> None:
    binary = ints((6,), 2)
    assert recognise(binary, (6, 1), task=C).kind is LabelKind.BINARY
    assert recognise(binary, (6, 1), task=R).kind is LabelKind.VALUES
    assert recognise(one_hot((6,), 3), (6, 3), task=R).kind is LabelKind.VALUES
    again = recognise(binary, (6, 8), task=A, inputs=8)
    assert again.kind is LabelKind.RECONSTRUCTION


WRONG: list[tuple[ArrayLike, Shape, Task | None, bool, str]] = [
    ([1, 2, 3], (3, 3), None, True, "from 1 to 3"),  # counted from 1
    ([0, 11], (2, 10), C, True, "from 0 to 11"),
    (np.full((2, 3), 1 / 3), (2, 3), C, True, "do not fit"),
    ([0.5, 0.25], (2, 4), None, True, "do not fit"),
    ([0, 1], (2, 12, 3), None, False, "do not fit"),  # the last row of a picture is no step
    (np.zeros((2, 7)), (2, 4), None, True, "do not fit"),
    ([0, np.nan], (2, 1), None, True, "NaN"),
    (["cat", "dog"], (2, 2), None, True, "not numbers"),
    ([0, 2], (2, 1), A, True, "task anomaly"),
    (np.eye(4)[None, :, 0].repeat(2, 0), (2, 4, 4), None, True, "fit outputs of shape"),
]


@pytest.mark.parametrize(("labels", "outputs", "task", "stepwise", "words"), WRONG)
def test_labels_that_fit_nothing_are_refused_with_what_would_fit(
    labels: ArrayLike, outputs: Shape, task: Task | None, stepwise: bool, words: str
) -> None:
    with pytest.raises(ComparisonError) as caught:
        recognise(np.asarray(labels), outputs, task=task, stepwise=stepwise)
    assert words in caught.value.what
    assert caught.value.remedy.startswith("give ")


def test_what_the_remedy_says_fits() -> None:
    with pytest.raises(ComparisonError) as caught:
        recognise(np.array([1, 2, 3]), (3, 3))
    assert "class numbers (3,) from 0 to 2 or one-hot rows (3, 3)" in caught.value.remedy
    assert recognise(np.array([0, 1, 2]), (3, 3)).kind is LabelKind.CLASSES
    assert recognise(np.eye(3), (3, 3)).kind is LabelKind.ONE_HOT


def test_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    scores = np.array([0.1, 0.4, 0.35, 0.8], np.float32)
    assert auc(scores, np.array([0, 0, 1, 1])) == 0.75
    assert auc(-scores, np.array([0, 0, 1, 1])) == 0.25
    assert auc(np.ones(4, np.float32), np.array([0, 0, 1, 1])) == 0.5
    assert auc(scores, np.zeros(4)) is None


def test_an_autoencoder_is_judged_by_what_it_does_not_put_out_again() -> None:
    inputs = np.array([[0.0, 1.0], [2.0, 3.0]], np.float32)
    labels = recognise(np.array([0, 1]), (2, 2), task=A, inputs=2)
    assert quality(inputs + np.array([[0.1], [0.5]], np.float32), labels, inputs).auc == 1.0
    assert quality(inputs + np.array([[0.5], [0.1]], np.float32), labels, inputs).auc == 0.0


def test_one_output_decides_at_one_half_and_a_logit_at_zero() -> None:
    labels = recognise(np.array([0, 1, 1]), (3, 1), task=C)
    assert quality(np.array([[0.2], [0.7], [0.4]], np.float32), labels).accuracy == pytest.approx(
        2 / 3
    )
    assert quality(np.array([[-3.0], [0.7], [0.4]], np.float32), labels).accuracy == 1.0


def ladder_of(device: list[int], labels: ArrayLike) -> tuple[RungName, ...]:
    rungs = {"tflm": np.eye(3)[[0, 1, 2, 0]], "device": np.eye(3)[device]}
    return compare_ladder(
        {name: RungOutputs(values.astype(np.float32)) for name, values in rungs.items()},
        np.asarray(labels),
        task=None,
    ).at_chance


def test_accuracy_no_better_than_chance_is_a_fact() -> None:
    assert ladder_of([0, 1, 2, 0], [0, 1, 2, 0]) == ()
    assert ladder_of([1, 2, 0, 1], [0, 1, 2, 0]) == (RungName.DEVICE,)
    assert ladder_of([0, 1, 2, 0], [1, 2, 0, 1]) == (RungName.TFLM, RungName.DEVICE)
    assert ladder_of([0, 0, 0, 0], [0, 1, 2, 0]) == (RungName.DEVICE,)
    assert ladder_of([0, 0, 0, 0], [0, 0, 0, 0]) == (), "nothing can be told of one class"
