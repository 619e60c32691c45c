"""Bare `.tflite` files as variants: names, types, limits, and where their samples come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import ConfigurationError, CorruptModel
from tflm_hil.models.sample_arrays import choose_keys
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.layout import input_names
from tflm_hil.models.zoo.generated_samples import fed_step_by_step, generated_samples
from tflm_hil.models.zoo.given import Said, default_limits, dtype_of, given_variants
from tflm_hil.models.zoo.given_samples import given_samples

from tests.support.graph_builder import ModelBuilder, accumulator
from tests.support.state_models import carried, side_by_side
from tests.unit.models.tflite.lints.test_lints import fused

NPZ = "x.npz"


def network(
    kind: str = "float32", *, core: str = "", out: str = "", classes: int = 3, op: str = "TANH"
) -> bytes:
    """`[1, 4]` of `kind` → `op` in `core` (default: `kind`) → `out` (default: `kind`)."""
    model = ModelBuilder()
    main = model.graph()
    core, out = core or kind, out or kind

    def tensor(name: str, dtype: str, size: int) -> int:
        return main.tensor(name, (1, size), dtype, scale=None if dtype == "float32" else 0.25)

    x = taken = tensor("serving_default_signal:0", kind, 4)
    if core != kind:
        taken = tensor("q", core, 4)
        main.operator("QUANTIZE", [x], [taken])
    made = y = tensor("y", core, classes)
    main.operator(op, [taken], [made])
    if out != core:
        y = tensor("z", out, classes)
        main.operator("DEQUANTIZE", [made], [y])
    main.finish([x], [y])
    model.signature({"signal": x}, {"y": y})
    return model.content()


def token_model() -> bytes:
    """Token ids that look up 20 rows, and a mask."""
    model = ModelBuilder()
    main = model.graph()
    ids = main.tensor("ids", (1, 5), "int32")
    mask = main.tensor("mask", (1, 5), "bool")
    table = main.tensor("table", (20, 2), data=0.5)
    rows = main.tensor("rows", (1, 5, 2))
    kept = main.tensor("kept", (1, 5))
    main.operator("GATHER", [table, ids], [rows], "Gather", axis=0)
    main.operator("CAST", [mask], [kept])
    main.finish([ids, mask], [rows, kept])
    return model.content()


def write(directory: Path, name: str, content: bytes) -> Path:
    path = directory / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


# --- what a model is called, and what it is held to --------------------------------------------


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [write(tmp_path / folder, "m.tflite", network()) for folder in "ab"]
    other = write(tmp_path, "n.tflite", network())
    assert [item.id for item in given_variants([*paths, other], [])] == ["a-m", "b-m", "n"]
    assert [item.id for item in given_variants([other, other], [])] == [
        f"{tmp_path.name}-n", f"{tmp_path.name}-n-2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "dtype"),
    [
        (network(), "float32"),
        (network("uint8"), "uint8"),
        (network("int8", out="float32"), "int8/float32"),
        (token_model(), "int32+bool/float32"),
        (accumulator(), "int8"),
    ],
)
def test_the_type_of_what_goes_in_and_comes_out(content: bytes, dtype: str) -> None:
    assert dtype_of(inspect(content)) == dtype


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16"])
def test_integers_must_be_equal(kind: str) -> None:
    (limit,) = default_limits(inspect(network(kind)))
    assert (limit.rung, limit.measure, limit.maximum) == ("device", "differing", 0)


def test_dequantised_integers_must_be_equal_too() -> None:
    (limit,) = default_limits(inspect(network("float32", core="int8", out="float32")))
    assert (limit.measure, limit.maximum) == ("max_abs", 0)


def test_floats_have_a_bound_for_each_engine() -> None:
    limits = default_limits(inspect(network()))
    assert {(item.engine, item.measure, item.maximum) for item in limits} == {
        ("builtin", "max_rel", 1e-6), ("tflm", "max_rel", 2e-6),
    }  # fmt: skip


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "m.tflite", b"no model at all")
    with pytest.raises(CorruptModel, match=r"m\.tflite is not a TFLite flatbuffer"):
        given_variants([path], [])


def test_a_model_without_inputs_is_refused(tmp_path: Path) -> None:
    model = ModelBuilder()
    main = model.graph()
    main.finish([], [main.tensor("y", (1, 2), data=1.0)])
    path = write(tmp_path, "m.tflite", model.content())
    with pytest.raises(ConfigurationError, match="no input or no output"):
        given_variants([path], [])


# --- samples -----------------------------------------------------------------------------------


def test_one_file_of_samples_serves_all_models(tmp_path: Path) -> None:
    models = [write(tmp_path, f"{name}.tflite", network()) for name in "abc"]
    samples = tmp_path / "x.npz"
    np.savez(samples, inputs=np.ones((5, 4)), labels=np.arange(5) % 3)
    variants = given_variants(models, [samples])
    assert {len(item.load_samples()) for item in variants} == {5}
    assert {item.task for item in variants} == {"classification"}
    assert all(item.notes == () for item in variants)


def test_as_many_files_as_models_are_taken_in_their_order(tmp_path: Path) -> None:
    models = [write(tmp_path, f"{name}.tflite", network()) for name in "ab"]
    files = [tmp_path / f"{count}.npz" for count in (2, 7)]
    for count, path in zip((2, 7), files, strict=True):
        np.savez(path, inputs=np.ones((count, 4)))
    assert [len(item.load_samples()) for item in given_variants(models, files)] == [2, 7]
    with pytest.raises(ConfigurationError, match="2 files for 3 models"):
        given_variants([*models, models[0]], files)


def test_numbers_as_labels_make_a_regression(tmp_path: Path) -> None:
    path = write(tmp_path, "m.tflite", network())
    samples = tmp_path / "x.npz"
    np.savez(samples, inputs=np.ones((5, 4)), y=np.ones((5, 3)))
    (variant,) = given_variants([path], [samples])
    assert variant.task == "regression"
    assert variant.load_samples().labels is not None


def test_samples_of_another_shape_are_told_before_anything_runs(tmp_path: Path) -> None:
    path = write(tmp_path, "m.tflite", network())
    samples = tmp_path / "x.npz"
    np.savez(samples, inputs=np.ones((5, 7)))
    with pytest.raises(ConfigurationError, match=r"has shape \[5, 7\].*expects \[N, 4\]"):
        given_variants([path], [samples])


def test_fewer_labels_than_sequences(tmp_path: Path) -> None:
    samples = tmp_path / "x.npz"
    np.savez(samples, inputs=np.ones((5, 4)), labels=np.ones(4))
    with pytest.raises(ConfigurationError, match="5 sequences but 4 labels"):
        given_samples(samples, inspect(network())).load()


def test_an_npy_is_a_sole_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((5, 4)))
    assert len(given_samples(tmp_path / "x.npy", inspect(network())).load()) == 5


@pytest.mark.parametrize(
    ("keys", "names", "chosen"),
    [
        (("labels", "inputs", "x"), [("signal",)], ("inputs",)),
        (("inputs", "signal"), [("signal",)], ("signal",)),  # the model's own name first
        (("frames", "labels", "calibration"), [("signal",)], ("frames",)),  # the only one left
        (("mask", "ids"), [("ids",), ("mask",)], ("ids", "mask")),
        (("arr_0", "arr_1"), [("ids",), ("mask",)], ("arr_0", "arr_1")),
    ],
)
def test_which_array_is_which_input(
    keys: tuple[str, ...], names: list[tuple[str, ...]], chosen: tuple[str, ...]
) -> None:
    assert choose_keys(keys, names, NPZ) == chosen


@pytest.mark.parametrize(
    ("keys", "names", "words"),
    [
        (("a", "b"), [("signal",)], "holds the arrays a, b: which one"),
        (("labels",), [("signal",)], "which one"),
        (("ids", "masks"), [("ids",), ("mask",)], r"2 inputs \(ids, mask\)"),
    ],
)
def test_a_choice_that_is_not_clear_is_asked_for(
    keys: tuple[str, ...], names: list[tuple[str, ...]], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        choose_keys(keys, names, NPZ)
    assert names[-1][0] in caught.value.remedy


def test_an_input_is_known_by_its_signature_and_by_its_tensor() -> None:
    (names,) = input_names(inspect(network()))
    assert names == ("signal", "serving_default_signal:0")


def test_several_inputs_come_packed(tmp_path: Path) -> None:
    model = inspect(token_model())
    np.savez(tmp_path / "x.npz", mask=np.eye(5)[:2], ids=np.full((2, 5), 19))
    samples = given_samples(tmp_path / "x.npz", model).load()
    assert samples.inputs[1].tolist() == [[19, 19, 19, 19, 19, 0, 1, 0, 0, 0]]


# --- generated samples ---------------------------------------------------------------------------


def test_generated_samples_are_the_same_every_time_and_said_to_be() -> None:
    first, second = (generated_samples(inspect(network("int8"))) for _ in range(2))
    assert np.array_equal(first.load().inputs, second.load().inputs)
    assert first.sha256 == second.sha256
    assert "16 generated input sequences" in first.sentence
    assert "--hil-samples" in first.sentence


def test_integers_are_drawn_over_their_whole_range() -> None:
    generated = generated_samples(inspect(network("int8")))
    stored = generated.layout.stored(generated.load().inputs)[0]
    assert stored.min() < -100
    assert stored.max() > 100


def test_floats_are_drawn_from_the_range_of_the_quantize_that_takes_them() -> None:
    values = generated_samples(inspect(network("float32", core="int8", out="float32"))).load()
    assert 20 < np.abs(values.inputs).max() <= 32  # scale 0.25 by 128
    assert np.abs(generated_samples(inspect(network())).load().inputs).max() < 10


def test_token_ids_stay_inside_their_table_and_masks_are_bits() -> None:
    inputs = generated_samples(inspect(token_model())).load().inputs.reshape(-1, 10)
    assert inputs[:, :5].min() >= 0
    assert 10 < inputs[:, :5].max() < 20
    assert set(inputs[:, 5:].reshape(-1)) == {0, 1}


def test_a_model_that_remembers_gets_several_steps() -> None:
    step, whole = inspect(accumulator()), inspect(network())
    assert (fed_step_by_step(step), fed_step_by_step(whole)) == (True, False)
    assert not fed_step_by_step(inspect(fused())), "it has a state, but takes a whole window"
    assert generated_samples(step).load().inputs.shape[:2] == (16, 10)
    assert generated_samples(whole).load().inputs.shape == (16, 4)


# --- what a user says of a model ---------------------------------------------------------------


def rows(path: Path) -> tuple[Path, Path]:
    """Outputs of twelve rows, and one label a sequence: of the last row, or of none."""
    model = write(path, "rows.tflite", side_by_side(["x"], [(1, 12, 3)], ["y"]))
    samples = path / "rows.npz"
    np.savez(samples, inputs=np.ones((4, 12, 3)), labels=np.arange(4) % 3)
    return model, samples


def test_rows_that_are_no_steps_have_no_last_one_unless_somebody_says_so(tmp_path: Path) -> None:
    model, samples = rows(tmp_path)
    with pytest.raises(ConfigurationError, match="do not fit outputs") as caught:
        given_variants([model], [samples])
    assert "--hil-steps 12" in caught.value.remedy
    (variant,) = given_variants([model], [samples], Said(steps=12))
    assert (variant.task, variant.task_declared, variant.declared_steps) == (
        "classification", False, 12,
    )  # fmt: skip


def test_states_that_are_fed_back_need_no_samples(tmp_path: Path) -> None:
    model = write(tmp_path, "gru.tflite", carried())
    samples = tmp_path / "x.npz"
    np.savez(samples, inputs=np.ones((4, 6, 3)))
    (variant,) = given_variants([model], [samples])
    assert [pair.name for pair in variant.state_pairs()] == ["gru_prev_state"]
    assert variant.notes == ()
    np.savez(tmp_path / "both.npz", audio=np.ones((4, 6, 3)), gru_prev_state=np.ones((4, 6, 4)))
    (variant,) = given_variants([model], [tmp_path / "both.npz"])
    assert variant.load_samples().inputs.shape == (4, 6, 3)
    assert "'gru_prev_state' of both.npz is not used" in variant.notes[0]
    with pytest.raises(ConfigurationError, match="the model has 2 inputs"):
        given_variants([model], [samples], Said(states=("none",)))
    with pytest.raises(ConfigurationError, match=r"--hil-state for gru\.tflite: .* no input 'h'"):
        given_variants([model], [samples], Said(states=("h=Identity",)))
    (variant,) = given_variants([model], [samples], Said(states=("gru_prev_state=1",)))
    assert [(pair.input, pair.output) for pair in variant.state_pairs()] == [(1, 1)]


def test_a_model_that_puts_out_its_state_alone_is_judged_by_it(tmp_path: Path) -> None:
    model = ModelBuilder()
    main = model.graph()
    x, h, total, following = (main.tensor(name, (1, 2)) for name in ("x", "h", "sum", "h_out"))
    main.operator("ADD", [x, h], [total], "Add")
    main.operator("TANH", [total], [following])
    main.finish([x, h], [following])
    (variant,) = given_variants([write(tmp_path, "m.tflite", model.content())], [])
    assert [pair.name for pair in variant.state_pairs()] == ["h"]
    assert len(variant.load_samples()) == 16
