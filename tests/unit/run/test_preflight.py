"""What stops a model before it is flashed, and what only stands in its report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tflm_hil.errors import LintFailed, UnsupportedModel
from tflm_hil.models.zoo.given import given_variant
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig, from_lookup
from tflm_hil.run.preflight import Preflight

from tests.support.graph_builder import ModelBuilder, accumulator

ABSENT = "TILE"  # neither TFLM nor our engine has it


def config(**changes: Any) -> RunConfig:
    """The emulated board's configuration, with `changes` to its fields."""
    default = from_lookup({"hil_board": "nucleo-f746zg-emulated"}.get, {})
    assert default is not None
    return replace(default, **changes)


def network(operator: str, *, weights: str = "float32") -> bytes:
    """`operator` on float32, and on weights of a type."""
    model = ModelBuilder()
    main = model.graph()
    x, y = main.tensor("x", (1, 4)), main.tensor("y", (1, 2))
    w = main.tensor("w", (2, 4), weights, scale=None if weights == "float32" else 0.5, data=1)
    main.operator(operator, [x, w, -1], [y])
    main.finish([x], [y])
    return model.content()


def variant(directory: Path, content: bytes) -> Variant:
    path = directory / "m.tflite"
    path.write_bytes(content)
    return given_variant(path, "m", None)


HYBRID = network("FULLY_CONNECTED", weights="int8")
SOUND = network("FULLY_CONNECTED")


def test_an_error_stops_the_model_with_its_remedy(tmp_path: Path) -> None:
    checks, model = Preflight(config()), variant(tmp_path, HYBRID)
    with pytest.raises(LintFailed, match=r"not flashed \(hybrid\): 1 operators") as caught:
        checks.clear(model)
    assert "representative data" in caught.value.remedy
    assert "--hil-no-lint" in caught.value.remedy
    assert checks.passing([model]) == []
    assert [item.code for item in checks.records(model)] == ["hybrid"]


def test_a_switch_lets_it_through_with_the_finding_in_its_report(tmp_path: Path) -> None:
    checks, model = Preflight(config(no_lint=True)), variant(tmp_path, HYBRID)
    checks.clear(model)
    assert checks.passing([model]) == [model]
    assert [item.severity for item in checks.records(model)] == ["error"]


def test_a_sound_model_passes_without_findings(tmp_path: Path) -> None:
    checks, model = Preflight(config()), variant(tmp_path, SOUND)
    checks.clear(model)
    assert checks.passing([model]) == [model]
    assert checks.records(model) == ()


def test_a_missing_operator_is_the_engines_own_error(tmp_path: Path) -> None:
    model = variant(tmp_path, network(ABSENT))
    for engine in ("builtin", "tflm"):
        with pytest.raises(UnsupportedModel, match=f"the {engine} engine has no {ABSENT}"):
            Preflight(config(engine=engine)).clear(model)


def test_what_an_elf_was_linked_with_only_the_board_knows(tmp_path: Path) -> None:
    checks = Preflight(config(firmware=tmp_path / "firmware.elf"))
    checks.clear(variant(tmp_path, network(ABSENT)))


def test_states_on_two_scales_warn_since_the_firmware_requantises_them(tmp_path: Path) -> None:
    checks, model = Preflight(config()), variant(tmp_path, accumulator())
    checks.clear(model)
    assert [(item.code, item.severity) for item in checks.records(model)] == [
        ("state-scales", "warning")
    ]


def test_a_damaged_file_is_left_to_the_board(tmp_path: Path) -> None:
    model = variant(tmp_path, SOUND)
    model.path.write_bytes(SOUND[: len(SOUND) // 2])
    damaged = replace(model, sha256="another")
    checks = Preflight(config())
    checks.clear(damaged)
    assert checks.records(damaged) == ()
