"""All references of the shipped models, computed by the real frameworks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.comparison import Ladder, compare_ladder
from tflm_hil.errors import ReferenceFailed
from tflm_hil.models.zoo.manifest import Variant, load_model, load_zoo
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import References, compute, compute_many
from tflm_hil.report.judgement import Verdict

from tests.support.model_folder import write_model_folder

ROOT = Path(__file__).parents[3]
VARIANTS = [v for model in load_zoo(ROOT / "fixtures" / "models") for v in model.variants]
DIGITS = [variant for variant in VARIANTS if variant.model.startswith("digits_")]
BY_ID = {variant.id: variant for variant in DIGITS}


@pytest.fixture(scope="module")
def cache_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty at first, so that everything is computed here."""
    return tmp_path_factory.mktemp("references")


@pytest.fixture(scope="module")
def computed(cache_directory: Path) -> dict[str, References]:
    computed = compute_many(DIGITS, cache_directory=cache_directory)
    return {key: item for key, item in computed.items() if isinstance(item, References)}


@pytest.fixture(params=DIGITS, ids=lambda variant: variant.id)
def digits(request: pytest.FixtureRequest) -> Variant:
    chosen: Variant = request.param
    return chosen


@pytest.fixture
def ladder(digits: Variant, computed: dict[str, References]) -> Ladder:
    labels = digits.load_samples().labels
    return compare_ladder(computed[digits.id].rungs, labels, digits.limits)


def test_ladder_keeps_its_limits(ladder: Ladder) -> None:
    assert ladder.verdict is Verdict.PASS, ladder.failure
    assert {limit.rung for limit in ladder.unchecked} == {"device"}


def test_every_rung_knows_the_digits(ladder: Ladder) -> None:
    assert [rung.name for rung in ladder.rungs] == ["cells", "keras", "tflite", "tflm"]
    for rung in ladder.rungs:
        assert rung.accuracy is not None
        assert rung.accuracy >= 0.95, rung.name


def test_runtimes_agree_in_every_decision(digits: Variant, ladder: Ladder) -> None:
    assert ladder.rung("tflm").argmax_agreement == 1.0
    if digits.export == "loop":  # float32 by the same kernels in the same order
        assert ladder.rung("tflm").differing == 0


def test_tflite_ran_on_its_reference_kernels(
    digits: Variant, computed: dict[str, References]
) -> None:
    assert computed[digits.id].circumstances["tflite"]["resolver"] == "BUILTIN_REF"


def test_integer_outputs_are_kept_as_integers(
    digits: Variant, computed: dict[str, References]
) -> None:
    rung = computed[digits.id].rungs["tflm"]
    assert rung.integer == (digits.dtype == "int8")
    assert rung.values.shape == (360, 10)


def test_softmax_sums_to_one(digits: Variant, computed: dict[str, References]) -> None:
    for name, rung in computed[digits.id].rungs.items():
        allowed = 10 * rung.scale / 2 if rung.integer else 1e-5
        assert np.abs(rung.values.sum(axis=1) - 1.0).max() <= allowed + 1e-6, name


def test_only_the_fused_lstm_carries_state_from_invoke_to_invoke(
    digits: Variant, computed: dict[str, References], cache_directory: Path
) -> None:
    references = compute_many(
        DIGITS, mode="carry", frameworks=("tflite", "tflm"), cache_directory=cache_directory
    )[digits.id]
    assert isinstance(references, References)
    for name in ("tflite", "tflm"):
        carried = references.references[name].tensors[0].stored
        reset = computed[digits.id].references[name].tensors[0].stored
        np.testing.assert_array_equal(carried[0], reset[0])
        assert bool(np.any(carried[1:] != reset[1:])) == (digits.export == "fused"), name


def test_order_of_sequences_does_not_matter_with_a_reset_before_each(
    computed: dict[str, References], cache_directory: Path
) -> None:
    fused = BY_ID["digits_lstm-int8-fused"]
    turned = Samples(fused.load_samples().inputs[::-1])
    reversed_order = compute(fused, turned, frameworks=("tflm",), cache_directory=cache_directory)
    expected = computed[fused.id].references["tflm"].tensors[0].stored
    np.testing.assert_array_equal(
        reversed_order.references["tflm"].tensors[0].stored[::-1], expected
    )


def test_warm_starts_no_worker_and_imports_no_framework(
    computed: dict[str, References], cache_directory: Path
) -> None:
    script = f"""
import subprocess, sys
from pathlib import Path
subprocess.Popen = None  # any worker would raise TypeError
from tflm_hil.models.zoo.manifest import load_zoo
from tflm_hil.report.judgement import Verdict
from tflm_hil.references import compute_many
zoo = load_zoo(Path({str(ROOT / "fixtures" / "models")!r}))
variants = [v for m in zoo for v in m.variants if m.name.startswith("digits_")]
results = compute_many(variants, cache_directory=Path({str(cache_directory)!r}))
assert all(c["cached"] == "yes" for r in results.values() for c in r.circumstances.values())
print(sorted({{"tensorflow", "keras", "tf_keras", "tflite_micro"}} & sys.modules.keys()))
"""
    assert len(computed) == len(DIGITS)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_model_that_no_runtime_takes_fails_alone(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "tiny", inputs=np.zeros((2, 8, 8), np.float32))
    (bad,) = load_model(tmp_path / "tiny").variants
    good = BY_ID["digits_lstm-int8-fused"]
    computed = compute_many(
        [bad, good], first=2, frameworks=("tflm",), cache_directory=tmp_path / "cache"
    )
    failure = computed[bad.id]
    assert isinstance(failure, ReferenceFailed)
    assert "tiny/model.tflite" in failure.what
    assert failure.remedy
    assert isinstance(computed[good.id], References)
    assert len(computed[good.id].rungs["tflm"]) == 2  # type: ignore[union-attr]


def test_sequences_that_do_not_fit_are_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFailed, match="not a multiple of input"):
        compute(
            BY_ID["digits_gru-int8-unrolled"],
            Samples(np.zeros((2, 7, 8), np.float32)),
            frameworks=("tflm",),
            cache_directory=tmp_path,
        )
