"""What a reference depends on is in its key; what it does not depend on is not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.models.zoo.manifest import Artefact, Variant, load_model
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import jobs as module
from tflm_hil.vocabulary import FRAMEWORKS, RungName

ZOO = Path(__file__).parents[3] / "fixtures" / "models"
MODELS = ("digits_lstm", "digits_gru", "toy_hard_limiter")
VARIANTS = {variant.id: variant for name in MODELS for variant in load_model(ZOO / name).variants}
SAMPLES = Samples(np.zeros((2, 8, 8), np.float32))


def keys(variant: Variant, samples: Samples = SAMPLES, mode: str = "reset_each") -> dict[str, str]:
    jobs = module.jobs_of(variant, samples, mode, FRAMEWORKS)  # type: ignore[arg-type]
    return {job.framework: job.key for job in jobs}


def test_the_keras_model_is_shared_by_its_variants_and_the_flatbuffers_are_not() -> None:
    one, other = (
        keys(VARIANTS["digits_lstm-int8-fused"]),
        keys(VARIANTS["digits_lstm-float32-loop"]),
    )
    assert one["keras"] == other["keras"]
    assert one["tflite"] != other["tflite"]
    assert one["tflm"] != other["tflm"]


def test_classes_of_the_models_own_count_where_keras_runs() -> None:
    variant = VARIANTS["toy_hard_limiter-int8-step"]
    assert variant.keras is not None
    changed = replace(variant.keras, custom=Artefact(Path("cells.py"), "other", 0))
    before, after = keys(variant), keys(replace(variant, keras=changed))
    assert {name for name in FRAMEWORKS if before[name] != after[name]} == {"cells", "keras"}


def test_the_equations_count_for_their_own_rung_only(monkeypatch: pytest.MonkeyPatch) -> None:
    variant = VARIANTS["digits_gru-int8-unrolled"]
    before = keys(variant)
    monkeypatch.setattr(module, "EQUATIONS", module.EQUATIONS[1:])
    module._code_version.cache_clear()
    after = keys(variant)
    module._code_version.cache_clear()
    assert {name for name in FRAMEWORKS if before[name] != after[name]} == {"cells"}


def test_inputs_and_mode_make_new_keys() -> None:
    variant = VARIANTS["digits_lstm-int8-fused"]
    base = keys(variant)
    changed = np.zeros((2, 8, 8), np.float32)
    changed[1, 7, 7] = 1e-3
    assert not set(base.values()) & set(keys(variant, Samples(changed)).values())
    assert not set(base.values()) & set(keys(variant, mode="carry").values())


def test_labels_make_no_new_keys() -> None:
    variant = VARIANTS["digits_lstm-int8-fused"]
    assert keys(variant, Samples(SAMPLES.inputs, np.array([1, 2]))) == keys(variant)


def test_there_is_no_keras_reference_in_mode_carry() -> None:
    assert list(keys(VARIANTS["digits_lstm-int8-fused"], mode="carry")) == ["tflite", "tflm"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_tool_versions_make_new_keys(framework: RungName, monkeypatch: pytest.MonkeyPatch) -> None:
    variant = VARIANTS["digits_gru-int8-unrolled"]
    before = keys(variant)
    versions = module.versions
    monkeypatch.setattr(
        module,
        "versions",
        lambda name: {**versions(name), "numpy": "9"} if name == framework else versions(name),
    )
    after = keys(variant)
    assert {name for name in FRAMEWORKS if before[name] != after[name]} == {framework}
