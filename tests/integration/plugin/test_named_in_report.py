"""A failed verdict in the report: rung, operator with time step, and the mistake behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.report import json_report
from tflm_hil.report.causes import Cause, Manner
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Mistake, OtherFunction
from tflm_hil.report.records import VariantRecord
from tflm_hil.vocabulary import RungName

from tests.integration.plugin.conftest import RunPytest
from tests.support.edited_firmware import Edit, edited_firmware
from tests.support.step_zoo import write_step_model

SOURCE = """
def test_it(measured):
    record = measured.device_rung
    assert record.differing == 0
"""
HARD_IN_GATES = OtherFunction("hard_sigmoid", "sigmoid", in_gates=True)
LOGISTIC = "kTanh ? Tanh(x) : Logistic(x)"
HARD = "kTanh ? Tanh(x) : HardSigmoid(x)"
HARD_SIGMOID = """
inline float HardSigmoid(float x) {
  const float y = x / 6.0f + 0.5f;
  return y < 0.0f ? 0.0f : (y > 1.0f ? 1.0f : y);
}

"""
FIRST_USE = "template <bool kTanh>\nint8_t SigmoidInt8("


def cause_of(variant: VariantRecord) -> Cause:
    assert variant.explanation is not None
    (cause,) = variant.explanation.causes
    return cause


@pytest.fixture
def elf_with_hard_sigmoid() -> Path:
    """A firmware whose LOGISTIC is Keras 3's hard_sigmoid."""
    kernel = "engine/builtin/kernels/activations.cc"
    return edited_firmware(
        Edit(kernel, LOGISTIC, HARD), Edit(kernel, FIRST_USE, f"{HARD_SIGMOID}{FIRST_USE}")
    ).elf


def test_operator_and_mistake_are_named(run_pytest: RunPytest, elf_with_hard_sigmoid: Path) -> None:
    result = run_pytest(
        SOURCE, "-k", "digits_gru-float32-loop", "--hil-firmware", str(elf_with_hard_sigmoid)
    )
    result.assert_outcomes(failed=1)
    (path,) = Path().glob("reports/*/report.json")
    (variant,) = json_report.read(path).variants
    assert variant.entered is RungName.DEVICE
    cause = cause_of(variant)
    assert (cause.kind, cause.mistake) == (CauseKind.ACTIVATION, Mistake(HARD_IN_GATES))
    assert cause.share is not None
    assert cause.share > 0.99
    site = cause.site
    assert site is not None
    assert (site.operator_name, site.subgraph, site.manner) == (
        "LOGISTIC",
        2,
        Manner.COMPUTES_DIFFERENTLY,
    )
    assert (site.step, site.time_step) == (0, 0)


def test_single_step_model_is_descended_with_the_states_of_the_reference(
    run_pytest: RunPytest, elf_with_hard_sigmoid: Path, tmp_path: Path
) -> None:
    """From the second step on states differ as well; the operator is named at the first."""
    zoo = write_step_model(tmp_path / "zoo", "digits_gru", ("float32",))
    arguments = ("--hil-zoo", str(zoo), "--hil-firmware", str(elf_with_hard_sigmoid))
    run_pytest(SOURCE, *arguments).assert_outcomes(failed=1)
    (path,) = Path().glob("reports/*/report.json")
    (variant,) = json_report.read(path).variants
    (drift,) = (item for item in variant.drift if item.name is RungName.DEVICE)
    assert drift.against is RungName.TFLM
    assert drift.first_differing_step is not None
    cause = cause_of(variant)
    assert (cause.kind, cause.mistake) == (CauseKind.ACTIVATION, Mistake(HARD_IN_GATES))
    site = cause.site
    assert site is not None
    assert (site.operator_name, site.manner) == ("LOGISTIC", Manner.COMPUTES_DIFFERENTLY)
    assert (site.step, site.time_step) == (0, None)
