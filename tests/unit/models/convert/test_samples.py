"""A user's arrays and a model's Keras inputs: by name, in the input's type, or a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tflm_hil.models.convert.samples import (
    KerasInput,
    SamplesError,
    bind,
    check_ranges,
    random_sequences,
)

IDS = KerasInput(("ids",), (12,), "int32")
WAVE = KerasInput(("wave", "keras_tensor"), (12, 3), "float32")
FLAG = KerasInput(("flag",), (), "bool")


def wave(count: int = 5, steps: int = 12) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, steps, 3))


def ids(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 1000, (count, 12))


def test_each_input_gets_its_array_in_its_own_type_and_in_the_order_of_the_model() -> None:
    arrays = {
        "flag": np.array([0, 1, 1, 0, 1]), "keras_tensor": wave(), "ids": ids().astype(np.float64),
        "labels": np.arange(5),
    }  # fmt: skip
    bound = bind(arrays, (IDS, WAVE, FLAG), calibration=True)
    assert list(bound) == ["ids", "wave", "flag"]
    assert [array.dtype.name for array in bound.values()] == ["int32", "float32", "bool"]
    assert np.array_equal(bound["ids"], ids())


def test_arrays_without_names_are_in_the_models_order() -> None:
    bound = bind({"arr_0": ids(), "arr_1": wave()}, (IDS, WAVE), calibration=False)
    assert np.array_equal(bound["ids"], ids())


def test_calibration_data_and_test_inputs_are_told_apart() -> None:
    arrays = {"inputs": wave(3), "calibration": wave(7), "y": np.zeros(3)}
    assert len(bind(arrays, (WAVE,), calibration=True)["wave"]) == 7
    assert len(bind(arrays, (WAVE,), calibration=False)["wave"]) == 3
    assert len(bind({"x_train": wave(9)}, (WAVE,), calibration=False)["wave"]) == 9


def test_axes_of_length_one_count_for_nothing() -> None:
    one = KerasInput(("x",), (12, 1), "float32")
    assert bind({"x": wave()[:, :, 0]}, (one,), calibration=False)["x"].shape == (5, 12, 1)


def test_several_windows_of_a_stateful_model() -> None:
    bound = bind({"x": wave(2, 36)}, (WAVE,), calibration=True, several_windows=True)
    assert bound["wave"].shape == (2, 36, 3)
    with pytest.raises(SamplesError, match="different numbers of windows"):
        bind(
            {"wave": wave(2, 36), "ids": ids(2)}, (WAVE, IDS),
            calibration=True, several_windows=True,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("arrays", "words", "remedy"),
    [
        ({"x": wave()}, r"2 inputs \(ids, wave\)", "ids=…, wave=…"),
        ({"ids": ids(), "labels": wave()}, "wave is missing", "wave=…"),
        ({"ids": ids(4), "wave": wave()}, "ids 4, wave 5", "same sequences"),
        ({"ids": ids(), "wave": wave(5, 11)}, r"\[11, 3\].*takes \[12, 3\]", r"[N, 12, 3]"),
        ({"ids": ids(), "wave": wave().transpose(0, 2, 1)}, r"\[3, 12\]", "first axis"),
        ({"ids": ids() + 0.5, "wave": wave()}, "not whole", "token ids"),
        ({"ids": ids() + 2**40, "wave": wave()}, "is int32 and takes", "correct"),
        ({"ids": ids(), "wave": wave() * 1e300}, "float32 cannot", "scale"),
        ({"ids": ids(), "wave": wave() * np.nan}, r"NaN or infinity, first in sequence 0", "clean"),
        ({"ids": ids(), "wave": wave(0)}, "holds no sequence", "at least 1"),
        ({"ids": ids(), "wave": np.full((5, 12, 3), "a")}, "type <U1", "numbers"),
        ({"ids": ids(), "wave": np.float32(1)}, "holds no sequence", "N"),
    ],
)
def test_what_does_not_fit_is_named(arrays: dict[str, Any], words: str, remedy: str) -> None:
    with pytest.raises(SamplesError, match=words) as caught:
        bind(arrays, (IDS, WAVE), calibration=True)
    assert remedy in str(caught.value).split("\n")[1]


def test_text_as_input_is_refused() -> None:
    with pytest.raises(SamplesError, match="type string"):
        bind({"x": ids()}, (KerasInput(("x",), (12,), "string"),), calibration=True)


def test_a_scale_needs_a_range_and_an_index_does_not() -> None:
    check_ranges({"ids": np.ones((3, 4), np.int32), "x": np.arange(3.0)})
    with pytest.raises(SamplesError, match="x is 2 everywhere"):
        check_ranges({"x": np.full(3, 2.0)})


def test_random_sequences_are_of_the_inputs_types() -> None:
    made = random_sequences((IDS, WAVE, FLAG), 4)
    assert {name: (array.shape, array.dtype.name) for name, array in made.items()} == {
        "ids": ((4, 12), "int32"), "wave": ((4, 12, 3), "float32"), "flag": ((4,), "bool"),
    }  # fmt: skip
    assert set(np.unique(made["ids"])) == {0, 1}


def test_random_indices_are_of_the_whole_table() -> None:
    made = random_sequences((IDS, WAVE), 40, {"ids": 9, "wave": 3})
    assert set(np.unique(made["ids"])) == set(range(9))
    assert set(np.unique(made["wave"])) == {0.0, 1.0, 2.0}
