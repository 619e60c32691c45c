"""`hil drift`: quantised single steps against Keras, and what naive feedback would make of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tflm_hil.commands.drift_table import AT_STEPS, Row, quantised_steps, rows
from tflm_hil.commands.main import main
from tflm_hil.models.zoo.manifest import Variant, load_model

MODELS = Path(__file__).parents[3] / "fixtures" / "models"


@pytest.fixture(scope="module")
def table() -> dict[str, Row]:
    models = [load_model(MODELS / name) for name in ("sine_simple_rnn", "sine_gru")]
    chosen = quantised_steps([item for model in models for item in model.variants])
    return {row.variant: row for row in rows(chosen)}


def test_only_quantised_single_steps_are_in_it(table: dict[str, Row]) -> None:
    assert set(table) == {
        f"sine_{cell}-{dtype}-step"
        for cell in ("simple_rnn", "gru")
        for dtype in ("int8", "int16x8")
    }


def test_errors_are_the_largest_so_far(table: dict[str, Row]) -> None:
    for row in table.values():
        assert len(row.requantised) == len(AT_STEPS)
        assert list(row.requantised) == sorted(row.requantised)
        assert 0 < row.requantised[-1] < 0.1
        assert row.kind == "bounded"


def test_naive_feedback_is_worse_where_the_scales_differ(table: dict[str, Row]) -> None:
    for name, row in table.items():
        if "simple_rnn" in name:
            assert row.naive is not None
            assert row.naive[-1] > 3 * row.requantised[-1]
        else:
            assert row.naive is None, "both ends of the state have one scale"


def test_one_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", str(MODELS / "sine_simple_rnn")]) == 0
    told = capsys.readouterr().out
    assert "sine_simple_rnn-int8-step" in told
    assert "bounded" in told


def test_nothing_to_look_at_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", str(MODELS / "digits_gru")]) == 1
    assert "no quantised single step" in capsys.readouterr().err


def test_a_model_without_keras_is_left_out() -> None:
    variant: Variant = quantised_steps(load_model(MODELS / "sine_gru").variants)[0]
    assert quantised_steps([replace(variant, keras=None)]) == []
