"""What stops a model before it is flashed, and what only stands in its report."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tflm_hil.errors import (
    ArenaTooSmall,
    CorruptModel,
    LintFailed,
    ModelTooBig,
    UnsupportedModel,
)
from tflm_hil.models.tflite.arena import estimate
from tflm_hil.models.tflite.lints import Finding
from tflm_hil.models.tflite.lints.refused import LoadStatus
from tflm_hil.models.zoo.given import given_variant, given_variants
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.options import SHIPPED_ZOO, RunConfig, from_lookup
from tflm_hil.references import desktop_load
from tflm_hil.run.preflight import Preflight, refusal, smaller_arena, smaller_file
from tflm_hil.vocabulary import Engine, ExportKind, Severity

from tests.support import tiny_models
from tests.support.graph_builder import ModelBuilder, accumulator
from tests.support.refused_models import REFUSED, divided, loop
from tests.support.tflm_trees import add_library, make_tree

ABSENT = "WHERE"  # in no engine


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


def zero_scale() -> bytes:
    """ADD of int8 tensors on scale 0."""
    model = ModelBuilder()
    main = model.graph()
    x, y = (main.tensor(name, (1, 4), "int8", scale=0.0) for name in "xy")
    main.operator("ADD", [x, x], [y], "Add")
    main.finish([x], [y])
    return model.content()


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


@pytest.mark.parametrize("engine", Engine)
def test_a_missing_operator_is_the_engines_own_error(tmp_path: Path, engine: Engine) -> None:
    model = variant(tmp_path, tiny_models.with_operator(ABSENT))
    with pytest.raises(UnsupportedModel, match=f"the {engine} engine has no {ABSENT}"):
        Preflight(config(engine=engine)).clear(model)


def test_with_a_tree_its_library_is_asked(tmp_path: Path) -> None:
    """It has ADD and TANH, and no other; no table knows that."""
    tree = add_library(make_tree(tmp_path / "tree"))
    checks = Preflight(config(engine=Engine.TFLM, tflm_root=tree))
    with pytest.raises(UnsupportedModel, match="the given TFLM library has no FULLY_CONNECTED"):
        checks.clear(variant(tmp_path, SOUND))
    checks.clear(variant(tmp_path, accumulator()))


def test_what_an_elf_was_linked_with_only_the_board_knows(tmp_path: Path) -> None:
    checks = Preflight(config(firmware=tmp_path / "firmware.elf"))
    checks.clear(variant(tmp_path, REFUSED["scales"].content))
    with pytest.raises(UnsupportedModel, match="desktop TFLM, which every run compares with"):
        checks.clear(variant(tmp_path, tiny_models.with_operator(ABSENT)))


def test_states_on_two_scales_warn_since_the_firmware_requantises_them(tmp_path: Path) -> None:
    checks, model = Preflight(config()), variant(tmp_path, accumulator())
    checks.clear(model)
    assert [(item.code, item.severity) for item in checks.records(model)] == [
        ("state-scales", "warning")
    ]


def test_a_damaged_file_is_no_model(tmp_path: Path) -> None:
    model = variant(tmp_path, SOUND)
    model.path.write_bytes(SOUND[: len(SOUND) // 2])
    damaged = replace(model, sha256="another")
    with pytest.raises(CorruptModel, match=r"not flashed \(damaged\)"):
        Preflight(config()).clear(damaged)
    Preflight(config(no_lint=True)).clear(damaged)  # the board says so


# --- what the engines say --------------------------------------------------------------------


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_engine_would_say_is_said_before(tmp_path: Path, name: str) -> None:
    """With operator, layer, types and scales; and what the remedy makes of it passes."""
    case, checks = REFUSED[name], Preflight(config())
    with pytest.raises(UnsupportedModel, match="not flashed") as caught:
        checks.clear(variant(tmp_path, case.content))
    assert case.said in caught.value.what
    assert case.names in caught.value.what
    assert case.remedy in caught.value.remedy
    checks.clear(variant(tmp_path, case.remedied))


@pytest.mark.parametrize("name", REFUSED)
def test_desktop_tflm_is_asked_whatever_the_engine(tmp_path: Path, name: str) -> None:
    case, model = REFUSED[name], variant(tmp_path, REFUSED[name].content)
    checks = Preflight(config(engine="tflm"))
    if case.by_desktop_too:
        with pytest.raises(UnsupportedModel, match="desktop TFLM, which every run compares with"):
            checks.clear(model)
    else:
        checks.clear(model)


def test_what_fails_with_some_numbers_is_told_and_not_stopped(tmp_path: Path) -> None:
    model = variant(tmp_path, divided("DIV", "int32", None))
    checks = Preflight(config())
    checks.clear(model)
    desktop, builtin = checks.records(model)
    for record in desktop, builtin:
        assert record.severity is Severity.WARNING
        assert "its Invoke fails with an input of zeros (with ones it runs)" in record.sentence
        assert "keep its divisor from being 0" in record.remedy


def test_desktop_tflm_is_not_waited_for_without_end(tmp_path: Path) -> None:
    model = variant(tmp_path, loop(ends=False))
    checks = Preflight(config(engine=Engine.TFLM))
    checks.clear(model)
    (record,) = checks.records(model)
    assert record.severity is Severity.WARNING
    assert "has not come to the end of it" in record.sentence


def test_an_engine_that_ends_its_process_is_an_answer() -> None:
    """And the models behind it are asked all the same. Desktop TFLM divides by this scale."""
    models = [SOUND, zero_scale(), REFUSED["rank"].content]
    said = desktop_load.load_all(models)
    assert [None if item is None else item.status for item in said] == [
        None,
        LoadStatus.CRASHED,
        LoadStatus.REFUSED,
    ]
    assert desktop_load.load_all(models) == said, "kept, and read back"


def test_without_a_compiler_it_says_what_was_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    checks = Preflight(config(), say=said.append)
    checks.clear(variant(tmp_path, REFUSED["scales"].content))
    checks.clear(variant(tmp_path, SOUND))
    (line,) = said
    assert line.startswith("the builtin engine was not asked before flashing: cmake")


@pytest.mark.slow
def test_the_whole_zoo_passes() -> None:
    checks = Preflight(config())
    whole = [item for model in load_zoo(SHIPPED_ZOO) for item in model.variants]
    assert checks.passing(whole) == whole


# --- what the board has room for -------------------------------------------------------------


def test_a_model_larger_than_the_slot(tmp_path: Path) -> None:
    run = config()
    model = variant(tmp_path, SOUND + bytes(run.spec.flash.slot_bytes))
    with pytest.raises(ModelTooBig, match=r"the model slot has 524,288; .* too many"):
        Preflight(run).clear(model)


def test_an_arena_that_is_too_small_and_one_that_is_just_enough(tmp_path: Path) -> None:
    model = variant(tmp_path, SOUND)
    needed = estimate(model.inspection()).total
    assert needed is not None
    Preflight(config(), arena_bytes=lambda: needed).clear(model)
    checks = Preflight(config(), arena_bytes=lambda: needed - 1)
    assert checks.passing([model]) == [model], "known when the firmware is built"
    with pytest.raises(ArenaTooSmall, match=f"needs {needed:,} bytes .* has {needed - 1:,}: 1 are"):
        checks.clear(model)
    assert not checks.is_clear(model)
    assert [item.code for item in checks.records(model)] == ["arena-too-small"]


def test_with_tflm_only_what_no_engine_can_do_without_is_held_against_the_arena(
    tmp_path: Path,
) -> None:
    model = variant(tmp_path, SOUND)
    least = estimate(model.inspection(), Engine.TFLM).at_least
    Preflight(config(engine=Engine.TFLM), arena_bytes=lambda: least).clear(model)
    with pytest.raises(ArenaTooSmall, match=f"needs at least {least:,} bytes"):
        Preflight(config(engine=Engine.TFLM), arena_bytes=lambda: least - 1).clear(model)


def test_the_firmware_is_not_built_for_a_model_that_is_refused_anyway(tmp_path: Path) -> None:
    def never() -> int:
        raise AssertionError("asked")

    with pytest.raises(LintFailed):
        Preflight(config(), arena_bytes=never).clear(variant(tmp_path, HYBRID))


# --- one error -------------------------------------------------------------------------------


def test_whoever_asks_gets_the_same_error(tmp_path: Path) -> None:
    checks, model = Preflight(config()), variant(tmp_path, HYBRID)
    errors = []
    for _ in range(2):
        with pytest.raises(LintFailed) as caught:
            checks.clear(model)
        errors.append(caught.value)
    assert errors[0] is errors[1]


def test_the_remedy_covers_all_findings() -> None:
    findings = [
        Finding("a", Severity.ERROR, "one thing", "mend one"),
        Finding("b", Severity.ERROR, "another", "mend the other"),
        Finding("b", Severity.ERROR, "another again", "mend the other"),
    ]
    error = refusal(findings)
    assert error.what == "not flashed (a): one thing; another; another again"
    assert error.remedy.startswith("mend one; mend the other; to try it")


# --- remedies --------------------------------------------------------------------------------


def weights_share(item: Variant) -> float:
    """Of a file: most of it, where it does not fit a slot and is not unrolled."""
    tensors = [tensor for graph in item.inspection().subgraphs for tensor in graph.tensors]
    return sum(tensor.constant_bytes for tensor in tensors) / item.size_bytes


@pytest.mark.slow
def test_what_is_smaller_is_so_in_the_whole_zoo() -> None:
    """The remedies for slot and arena, held against every model that has both exports or types."""
    whole = {item.id: item for model in load_zoo(SHIPPED_ZOO) for item in model.variants}
    slots = arenas = 0
    for item in whole.values():
        smaller = whole.get(item.id.replace("float32", "int8"))
        if item.dtype == "float32" and smaller not in (None, item) and weights_share(item) > 0.7:
            assert smaller is not None
            assert smaller.size_bytes < item.size_bytes, item.id
            slots += 1
        step = whole.get(f"{item.model}-{item.dtype}-step")
        if item.export == ExportKind.UNROLLED and step is not None:
            assert step.size_bytes < item.size_bytes, item.id
            needed, of_step = (estimate(one.inspection()).total for one in (item, step))
            assert of_step is not None
            assert needed is not None
            assert of_step < needed, item.id
            assert smaller_arena(item.inspection()).startswith("use --export step")
            assert "--export shift or step" in smaller_file(item.inspection())
            arenas += 1
    assert slots > 5
    assert arenas > 5
    assert "--export" not in smaller_arena(whole["toy_gru-int8-step"].inspection())
    assert smaller_file(whole["toy_gru-int8-step"].inspection()) == "make it smaller"


def test_a_name_that_is_not_utf_8_can_stand_in_a_report(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xfe.tflite")
    path.write_bytes(SOUND)
    (given,) = given_variants([path], [])
    given.id.encode("utf-8")
    Preflight(config()).clear(given)
