"""What desktop TFLM says to a model is kept, and not without end."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.models.tflite.lints.refused import LoadStatus
from tflm_hil.references import desktop_load

from tests.support import tiny_models
from tests.support.graph_builder import ModelBuilder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tflm-hil" / "desktop-load"


def test_answers_are_kept_and_a_damaged_one_is_asked_again(folder: Path) -> None:
    models = [tiny_models.add(4), tiny_models.with_operator("WHERE")]
    first = desktop_load.load_all(models)
    assert [None if item is None else item.status for item in first] == [None, LoadStatus.REFUSED]
    kept = sorted(folder.iterdir())
    assert len(kept) == 2
    kept[0].write_text("{")
    kept[1].write_text('{"refusal": {"status": "no such"}}')
    assert desktop_load.load_all(models) == first
    assert sorted(folder.iterdir()) == kept


def test_warm_answers_start_no_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desktop_load.load_all([tiny_models.with_operator("WHERE")])
    assert folder.is_dir()
    monkeypatch.setattr(desktop_load, "WORKER", "no.such.module")
    assert desktop_load.load_all([tiny_models.with_operator("WHERE")]) == first


@pytest.mark.slow
def test_old_answers_are_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop_load, "KEPT", 4)
    for size in range(1, 7):
        desktop_load.load_all([tiny_models.add(size)])
    assert 2 <= len(list(folder.iterdir())) <= 4


def test_without_a_cache_it_is_asked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert desktop_load.load_all([tiny_models.add(4)]) == [None]


def largest(dtype: str) -> bytes:
    """REDUCE_MAX over four numbers."""
    model = ModelBuilder()
    main = model.graph()
    x = main.tensor("x", (1, 4), dtype, scale=0.5)
    axis = main.tensor("axis", (1,), "int32", data=[1])
    y = main.tensor("y", (1,), dtype, scale=0.5)
    main.operator("REDUCE_MAX", [x, axis], [y], "Reducer")
    main.finish([x], [y])
    return model.content()


def test_what_is_refused_only_when_it_runs_is_refused(folder: Path) -> None:
    assert not folder.exists()
    taken, refused = desktop_load.load_all([largest("int8"), largest("int16")])
    assert taken is None
    assert refused is not None
    assert refused.operator_name == "REDUCE_MAX"
    assert "int8" in refused.said
