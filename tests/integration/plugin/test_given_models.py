"""`--hil-model` and `--hil-samples` as a user meets them, and the checks before flashing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.report import json_report
from tflm_hil.report.causes import NotFinite
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.records import RunRecord
from tflm_hil.vocabulary import RungName, StateBasis, StateKeeper, StepBasis

from tests.integration.plugin.conftest import RunPytest
from tests.support.graph_builder import ModelBuilder
from tests.support.state_models import carried, side_by_side
from tests.support.tiny_models import fully_connected
from tests.unit.run.test_preflight import HYBRID

JUDGE = """
def test_model(measured): assert measured.verdict == "pass", measured.failure
"""


def report() -> RunRecord:
    (path,) = Path().glob("reports/*/report.json")
    return json_report.read(path)


@pytest.fixture
def dense(pytester: pytest.Pytester) -> Path:
    """`[1, 3]` float32 → `[1, 4]`, in the folder of the inner session."""
    del pytester
    path = Path("dense.tflite").resolve()
    path.write_bytes(fully_connected(np.arange(12, dtype=np.float32).reshape(4, 3)))
    return path


def two_inputs() -> bytes:
    """int32 `[1, 3]` + float32 `[1, 3]` → their sum, and int8 `[1, 3]` as it is: two outputs."""
    model = ModelBuilder()
    main = model.graph()
    count, offset = main.tensor("count", (1, 3), "int32"), main.tensor("offset", (1, 3))
    wide, total = main.tensor("wide", (1, 3)), main.tensor("total", (1, 3))
    small = main.tensor("small", (1, 3), "int8", scale=0.5)
    main.operator("CAST", [count], [wide], "Cast")
    main.operator("ADD", [wide, offset], [total], "Add")
    main.operator("QUANTIZE", [offset], [small])
    main.finish([count, offset], [total, small])
    return model.content()


def step_by_step() -> bytes:
    """h' = tanh(h + x · k), y = -h': float32 `x` and int32 `k` from outside, `h` fed back."""
    model = ModelBuilder()
    main = model.graph()
    x, h, k = main.tensor("x", (1, 2)), main.tensor("h", (1, 2)), main.tensor("k", (1, 2), "int32")
    wide, new, total, following, y = (
        main.tensor(name, (1, 2)) for name in ("wide", "new", "total", "following", "y")
    )
    main.operator("CAST", [k], [wide], "Cast")
    main.operator("MUL", [x, wide], [new], "Mul")
    main.operator("ADD", [new, h], [total], "Add")
    main.operator("TANH", [total], [following])
    main.operator("NEG", [following], [y])
    main.finish([x, h, k], [y, following])
    model.signature({"x": x, "h": h, "k": k}, {"y": y, "h_next": following})
    return model.content()


def test_without_samples_some_are_made_and_it_is_said(run_pytest: RunPytest, dense: Path) -> None:
    Path("step.tflite").write_bytes(step_by_step())
    result = run_pytest(JUDGE, "--hil-model", str(dense), "--hil-model", "step.tflite")
    result.assert_outcomes(passed=2)
    assert "16 generated input sequences" in result.stdout.str()
    run = report()
    record, steps = run.variants
    assert (steps.dtype, steps.sequences, steps.steps) == ("float32+int32/float32", 16, 160)
    assert {item.name for item in steps.measurements} >= {"device.state.1.max_abs"}
    assert (record.id, record.export, record.dtype, record.sequences) == (
        "dense", "as given", "float32", 16,
    )  # fmt: skip
    assert "--hil-samples" in record.notes[0]
    assert [rung.name for rung in record.rungs] == ["tflite", "tflm", "device"]


def test_own_samples_from_an_ini_file_several_models_and_inputs(
    run_pytest: RunPytest, pytester: pytest.Pytester, dense: Path
) -> None:
    pair = Path("pair.tflite").resolve()
    pair.write_bytes(two_inputs())
    random = np.random.default_rng(3)
    np.savez("dense.npz", inputs=random.normal(size=(5, 3)), labels=np.array([3, 3, 0, 3, 0]))
    np.savez("pair.npz", count=random.integers(-9, 9, (6, 2, 3)), offset=random.random((6, 2, 3)))
    pytester.makeini(
        f"[pytest]\nhil_model =\n    {dense}\n    {pair}\nhil_samples = dense.npz, pair.npz\n"
    )
    run_pytest(JUDGE).assert_outcomes(passed=2)
    one, two = report().variants
    assert (one.task, one.sequences) == ("classification", 5)
    assert {rung.name for rung in one.rungs if rung.accuracy is not None} == {
        "tflite", "tflm", "device",
    }  # fmt: skip
    assert (two.dtype, two.sequences, two.steps) == ("int32+float32/float32+int8", 6, 12)
    judged = {item.name: item.verdict for item in two.measurements if item.limit is not None}
    assert judged["device.output.1.differing"] is Verdict.PASS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--hil-model", "gone.tflite"), "--hil-model gone.tflite: no such file"),
        (("--hil-samples", "x.npz"), "x.npz: no such file"),
        (("--hil-model", "dense.tflite", "--hil-samples", "x.npz"), "expects [[]N, 3]"),
        (("--hil-model", "text.tflite"), "is not a TFLite flatbuffer"),
    ],
)
@pytest.mark.usefixtures("dense")
def test_a_mistake_is_told_before_anything_runs(
    run_pytest: RunPytest, arguments: tuple[str, ...], words: str
) -> None:
    Path("text.tflite").write_text("this is no model")
    if "dense.tflite" in arguments:
        np.savez("x.npz", inputs=np.zeros((5, 4)))
    result = run_pytest(JUDGE, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{words}*"])


def test_a_lint_stops_a_model_before_it_is_flashed_and_no_other(
    run_pytest: RunPytest, dense: Path
) -> None:
    never_seen = HYBRID + os.urandom(16)  # the emulated flash remembers what it has had
    Path("hybrid.tflite").write_bytes(never_seen)
    result = run_pytest(JUDGE, "--hil-model", f"hybrid.tflite,{dense}")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*LintFailed: not flashed (hybrid)*"])
    run = report()
    hybrid, sound = run.variants
    assert hybrid.error is not None
    assert hybrid.error.type == "LintFailed"
    assert [item.code for item in hybrid.lints] == ["hybrid"]
    assert sound.verdict is Verdict.PASS
    flashed = sum(item.bytes for item in run.flash if item.what == "models")
    assert flashed < len(never_seen)


def test_with_the_lints_off_the_board_has_its_say(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    del pytester
    Path("hybrid.tflite").write_bytes(HYBRID)
    result = run_pytest(JUDGE, "--hil-model", "hybrid.tflite", "--hil-no-lint")
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert "UnsupportedModel" in text
    assert [item.code for item in report().variants[0].lints] == ["hybrid"]


REMEMBERS = """
import numpy as np
def test_model(measured): assert measured.verdict == "pass", measured.failure
def test_state(measured):
    rows = measured.outputs.values
    rows = rows.reshape(len(rows), 6, -1)
    moves = bool(np.any(rows[:, 1:] != rows[:, :-1]))
    assert moves == bool(measured.model.states)
"""


def test_states_of_other_names_are_fed_back_on_every_rung(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """One input again and again: outputs move only if the state comes back. Its two ends have
    scales and zero points of their own.
    """
    del pytester
    Path("named.tflite").write_bytes(carried(dtype="int8", output_axis=True))
    Path("plain.tflite").write_bytes(carried(data="input_1", state="input_2"))
    frames = np.repeat(np.random.default_rng(1).uniform(-1, 1, (4, 1, 3)), 6, axis=1)
    np.savez("named.npz", audio=frames)
    run_pytest(
        REMEMBERS, "--hil-model", "named.tflite", "--hil-samples", "named.npz"
    ).assert_outcomes(passed=2)
    (named,) = report().variants
    (state,) = named.states
    assert (state.keeper, state.basis) == (StateKeeper.CALLER, StateBasis.ONLY_FIT)
    assert (named.steps_per_invoke, named.steps_basis) == (1, StepBasis.STATE)
    assert (named.steps, named.time_steps) == (24, 6)
    assert {item.name for item in named.measurements} >= {"device.state.1.differing"}
    np.savez("plain.npz", input_1=frames, input_2=np.zeros((4, 6, 4)))
    result = run_pytest(
        REMEMBERS, "--hil-model", "plain.tflite", "--hil-samples", "plain.npz",
        "--hil-report-dir", "suspected",
    )  # fmt: skip
    result.assert_outcomes(passed=2)
    assert "--hil-state input_2=Identity_1" in result.stdout.str().replace("\n", " ")
    result = run_pytest(
        REMEMBERS, "--hil-model", "plain.tflite", "--hil-samples", "named.npz",
        "--hil-state", "input_2=Identity_1", "--hil-report-dir", "declared",
    )  # fmt: skip
    result.assert_outcomes(passed=2)


def test_what_is_no_number_fails_with_its_first_place_and_a_picture_has_no_steps(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    del pytester
    weights = np.arange(12, dtype=np.float32).reshape(4, 3)
    weights[1, 2] = np.nan
    Path("nan.tflite").write_bytes(fully_connected(weights))
    Path("picture.tflite").write_bytes(side_by_side(["image"], [(1, 12, 12, 1)], ["scores"]))
    result = run_pytest(JUDGE, "--hil-model", "nan.tflite,picture.tflite")
    result.assert_outcomes(passed=1, failed=1)
    spoilt, picture = report().variants
    assert spoilt.failure is not None
    assert spoilt.failure.rung is RungName.TFLITE
    assert spoilt.explanation is not None
    (cause,) = spoilt.explanation.causes
    assert cause.kind is CauseKind.NOT_FINITE
    (found,) = cause.evidence
    assert isinstance(found, NotFinite)
    assert (found.sequence, found.operator) == (0, "FULLY_CONNECTED")
    assert found.weights == ("w",)
    assert (picture.steps_per_invoke, picture.time_steps, picture.drift) == (None, 0, ())
