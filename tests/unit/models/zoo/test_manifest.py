"""Manifests: the shipped zoo loads, and every mistake is named with file and key."""

import hashlib
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import ConfigurationError, SamplesMissing
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.states import state_pairs
from tflm_hil.models.zoo.manifest import load_model, load_zoo
from tflm_hil.vocabulary import Measure, RungName

from tests.support.model_folder import write_model_folder
from tests.unit.models.zoo.test_given import token_model

ZOO = Path(__file__).parents[4] / "fixtures" / "models"


def test_the_shipped_zoo() -> None:
    models = {model.name: model for model in load_zoo(ZOO)}
    assert {"digits_simple_rnn", "digits_gru", "digits_lstm"} <= models.keys()
    ids = {variant.id for model in models.values() for variant in model.variants}
    assert {
        "digits_simple_rnn-float32-loop",
        "digits_simple_rnn-int8-unrolled",
        "digits_gru-float32-loop",
        "digits_gru-int8-unrolled",
        "digits_lstm-float32-loop",
        "digits_lstm-float32-fused",
        "digits_lstm-int8-unrolled",
        "digits_lstm-int8-fused",
    } <= ids


def test_every_shipped_variant_is_complete() -> None:
    for model in load_zoo(ZOO):
        assert model.keras is not None
        assert model.tools["tensorflow"]
        for variant in model.variants:
            if not variant.left_out:
                samples = variant.load_samples()
                assert len(samples) >= 20
                assert samples.labels is not None
            assert variant.content()[4:8] == b"TFL3"
            assert len(variant.content()) == variant.size_bytes
            assert "device" in {limit.rung for limit in variant.limits}


def test_shipped_int8_variants_allow_the_device_no_difference() -> None:
    variants = [variant for model in load_zoo(ZOO) for variant in model.variants]
    integers = [variant for variant in variants if variant.dtype != "float32"]
    assert integers
    for variant in integers:
        limits = {(limit.rung, limit.measure): limit for limit in variant.limits}
        assert limits[RungName.DEVICE, Measure.DIFFERING].maximum == 0


def test_samples_split_is_stratified_and_scaled() -> None:
    samples = load_model(ZOO / "digits_gru").samples.load()
    assert samples.labels is not None
    assert samples.inputs.min() == 0.0
    assert samples.inputs.max() == 1.0
    assert np.bincount(samples.labels).min() >= 34


def test_one_folder_is_a_zoo_of_one(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "tiny")
    (model,) = load_zoo(tmp_path / "tiny")
    assert model.variants[0].id == "tiny-float32-loop"
    assert model.keras is None
    assert load_zoo(tmp_path) == [model]


MISTAKES = [
    ('name = "tiny"', 'name = ""', "name"),
    ('name = "tiny"', "name = 3", "name"),
    ('task = "classification"', 'task = "clustering"', "task"),
    ("schema = 1", "schema = 2", "schema"),
    ('title = "A model of a test"', "", "title"),
    ('file = "model.tflite"', 'file = "gone.tflite"', r"variant\[0\].file"),
    ('export = "loop"', "", r"variant\[0\].export"),
    ('dtype = "float32"', 'dtype = "float8"', r"variant\[0\].dtype"),
    ('export = "loop"', 'export = "loop"\nextra = 1', r"variant\[0\].extra"),
    ("maximum = 1e-6", 'maximum = "small"', r"variant\[0\].limits\[0\].maximum"),
    ("maximum = 1e-6, ", "", r"variant\[0\].limits\[0\].measure"),
    ('"max_abs"', '"max_aps"', r"variant\[0\].limits\[0\].measure"),
    ('unit = "output"', 'unit = "LSB"', r"variant\[0\].limits\[0\].unit"),
    ('rung = "device"', 'rung = "board"', r"variant\[0\].limits\[0\].rung"),
    ("maximum = 1e-6", 'maximum = 1e-6, engine = "cmsis"', r"variant\[0\].limits\[0\].engine"),
    ("[samples]", "[sample]", "sample"),
    ("[[variant]]", "[variant]", "variant"),
    ("[[variant]]", "[[variants]]", "variants"),
]


@pytest.mark.parametrize(("right", "wrong", "key"), MISTAKES)
def test_a_mistake_is_named_with_file_and_key(
    tmp_path: Path, right: str, wrong: str, key: str
) -> None:
    manifest = write_model_folder(tmp_path)
    text = manifest.read_text(encoding="utf-8")
    assert right in text
    manifest.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"manifest\.toml: {key} ") as caught:
        load_model(tmp_path)
    assert caught.value.remedy


def test_a_limit_may_hold_for_one_engine(tmp_path: Path) -> None:
    manifest = write_model_folder(tmp_path)
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("maximum = 1e-6", 'maximum = 1e-6, engine = "builtin"'))
    (variant,) = load_model(tmp_path).variants
    assert variant.limits[0].engine == "builtin"
    assert variant.limits[0] in variant.limits_for("builtin")
    assert variant.limits[0] not in variant.limits_for("tflm")


def with_keras(manifest: Path, custom: str) -> Path:
    """The folder with a Keras file, and the name of one that has its classes."""
    (manifest.parent / "model.keras").write_bytes(b"not looked into either")
    digest = hashlib.sha256(b"not looked into either").hexdigest()
    table = f'[keras]\nfile = "model.keras"\nsha256 = "{digest}"\ncustom = "{custom}"\n\n'
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("[samples]", f"{table}[samples]"), encoding="utf-8")
    return manifest.parent


def test_classes_of_the_models_own_are_named_beside_it_and_may_change(tmp_path: Path) -> None:
    folder = with_keras(write_model_folder(tmp_path / "zoo"), "../cells.py")
    source = tmp_path / "cells.py"
    seen = set()
    for text in ("class Own: ...", "class Own: pass"):
        source.write_text(text)
        keras = load_model(folder).keras
        assert keras is not None
        assert keras.custom is not None
        assert keras.custom.path == source
        seen.add(keras.custom.sha256)
    assert len(seen) == 2


def test_a_missing_file_of_classes_is_named(tmp_path: Path) -> None:
    folder = with_keras(write_model_folder(tmp_path), "gone.py")
    with pytest.raises(ConfigurationError, match=r"keras\.custom names .*gone\.py") as caught:
        load_model(folder)
    assert caught.value.remedy


def test_a_model_that_goes_while_the_run_lasts_is_told(tmp_path: Path) -> None:
    write_model_folder(tmp_path)
    (variant,) = load_model(tmp_path).variants
    variant.path.unlink()
    with pytest.raises(ConfigurationError, match=r"model\.tflite cannot be read: No such file"):
        variant.content()


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    write_model_folder(tmp_path)
    (tmp_path / "model.tflite").write_bytes(b"other bytes")
    with pytest.raises(ConfigurationError, match=r"variant\[0\]\.sha256 .*model\.tflite"):
        load_model(tmp_path)


def test_changed_samples_are_refused(tmp_path: Path) -> None:
    write_model_folder(tmp_path)
    np.savez(tmp_path / "samples.npz", inputs=np.ones((1, 2, 3), np.float32))
    with pytest.raises(ConfigurationError, match=r"samples\.sha256"):
        load_model(tmp_path)


def made_here(manifest: Path) -> None:
    """Turn the samples of a model folder into some that are not shipped."""
    text = manifest.read_text(encoding="utf-8")
    (line,) = re.findall(r'file = "samples.npz"\nsha256 = ".*"', text)
    made = 'file = "samples.npz"\nmade_by = "python -m somewhere"'
    manifest.write_text(text.replace(line, made), encoding="utf-8")


def test_samples_that_are_not_shipped_may_be_absent(tmp_path: Path) -> None:
    made_here(write_model_folder(tmp_path))
    (variant,) = load_model(tmp_path).variants
    content = (tmp_path / "samples.npz").read_bytes()
    assert variant.left_out == ""
    assert variant.samples.sha256 == hashlib.sha256(content).hexdigest()

    (tmp_path / "samples.npz").unlink()
    (variant,) = load_model(tmp_path).variants
    assert "python -m somewhere" in variant.left_out
    with pytest.raises(SamplesMissing):
        variant.load_samples()


def test_samples_are_shipped_or_made_not_both(tmp_path: Path) -> None:
    manifest = write_model_folder(tmp_path)
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("[samples]", '[samples]\nmade_by = "x"'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"samples\.made_by stands beside sha256"):
        load_model(tmp_path)


def test_shipped_samples_may_not_be_absent(tmp_path: Path) -> None:
    write_model_folder(tmp_path)
    (tmp_path / "samples.npz").unlink()
    with pytest.raises(ConfigurationError, match=r"samples\.file names"):
        load_model(tmp_path)


def test_not_toml(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text("schema = = 1", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not TOML"):
        load_model(tmp_path)


def test_an_empty_or_absent_zoo(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no folder with a manifest\.toml"):
        load_zoo(tmp_path)
    with pytest.raises(ConfigurationError, match="no model zoo"):
        load_zoo(tmp_path / "gone")


def test_two_models_of_one_name(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "a")
    write_model_folder(tmp_path / "b")
    with pytest.raises(ConfigurationError, match="'tiny' is taken"):
        load_zoo(tmp_path)


def test_a_variant_name_used_twice(tmp_path: Path) -> None:
    manifest = write_model_folder(tmp_path)
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text + text[text.index("[[variant]]") :], encoding="utf-8")
    with pytest.raises(ConfigurationError, match="used twice"):
        load_model(tmp_path)


def test_states_of_a_single_step_may_be_written_down(tmp_path: Path) -> None:
    manifest = write_model_folder(tmp_path / "tiny")
    text = manifest.read_text(encoding="utf-8")
    states = 'states = [{ name = "h", output = 1, input = 1, output_scale = 0.5 }]\n'
    manifest.write_text(text.replace("limits =", states + "limits ="), encoding="utf-8")
    assert load_model(manifest.parent).variants[0].name == "float32-loop"


@pytest.mark.slow
def test_the_states_that_shipped_manifests_name_are_those_of_the_models() -> None:
    steps = [v for model in load_zoo(ZOO) for v in model.variants if v.export == "step"]
    assert {variant.dtype for variant in steps} == {"float32", "int8", "int16"}
    for variant in steps:
        table = tomllib.loads((variant.path.parent / "manifest.toml").read_text(encoding="utf-8"))
        (written,) = [v["states"] for v in table["variant"] if v["name"] == variant.name]
        pairs = state_pairs(inspect(variant.content()))
        assert pairs
        assert [(s["name"], s["output"], s["input"]) for s in written] == [
            (pair.name, pair.output, pair.input) for pair in pairs
        ]
        assert [(s["output_scale"], s["input_zero_point"]) for s in written] == [
            (pair.output_quantization.scale, pair.input_quantization.zero_point) for pair in pairs
        ]


# --- several inputs, other types ---------------------------------------------------------------


def test_arrays_of_several_inputs_are_bound_by_name(tmp_path: Path) -> None:
    """The manifest names them as Keras takes them, the interpreter has them the other way round."""
    manifest = write_model_folder(tmp_path, model=token_model())
    samples = tmp_path / "samples.npz"
    np.savez(samples, mask=np.ones((4, 5)), ids=np.full((4, 5), 7), labels=np.zeros(4))
    text = manifest.read_text().replace('inputs = "inputs"', 'inputs = ["mask", "ids"]')
    text = text.replace('dtype = "float32"', 'dtype = "int32+bool/float32"')
    old = re.search(r'samples.npz"\nsha256 = "(\w+)"', text)
    assert old is not None
    text = text.replace(old[1], hashlib.sha256(samples.read_bytes()).hexdigest())
    manifest.write_text(text)
    (variant,) = load_model(tmp_path).variants
    taken = variant.load_samples().first(2)
    assert taken.inputs.reshape(2, 10)[0].tolist() == [7] * 5 + [1] * 5
    assert taken.for_keras is not None
    assert taken.for_keras[1].tolist() == [1] * 5 + [7] * 5
    assert variant.dtype == "int32+bool/float32"

    manifest.write_text(text.replace('["mask", "ids"]', '["mask", "ids", "labels"]'))
    with pytest.raises(ConfigurationError, match=r"3 arrays are named .* model of 2 inputs"):
        load_model(tmp_path)


@pytest.mark.parametrize("dtype", ["uint8", "int8/float32", "int32+bool/float32"])
def test_types_of_inputs_and_outputs(tmp_path: Path, dtype: str) -> None:
    manifest = write_model_folder(tmp_path)
    manifest.write_text(manifest.read_text().replace('"float32"', f'"{dtype}"'))
    assert load_model(tmp_path).variants[0].dtype == dtype
