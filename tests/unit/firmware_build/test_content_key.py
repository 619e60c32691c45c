"""The key changes with everything that can change the image, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.firmware_build.content_key import content_key


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    root = tmp_path / "firmware"
    (root / "app").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "CMakeLists.txt").write_text("project(x)\n")
    (root / "app" / "main.cc").write_text("int main() {}\n")
    (root / "tests" / "test.cc").write_text("// test\n")
    return root


def key(source_dir: Path, **changes: object) -> str:
    arguments: dict[str, object] = {
        "board": "nucleo_f746zg",
        "engine": "builtin",
        "compiler_version": "g++ 12.2.1",
        "tflm_digest": "",
        "definitions": {"HIL_ENGINE": "builtin"},
    }
    return content_key(source_dir, **(arguments | changes))  # type: ignore[arg-type]


def test_same_content_elsewhere_has_the_same_key(sources: Path, tmp_path: Path) -> None:
    moved = sources.rename(tmp_path / "elsewhere")
    before = key(moved)
    moved = moved.rename(tmp_path / "third")
    assert key(moved) == before


@pytest.mark.parametrize(
    "change",
    [
        {"board": "posix"},
        {"engine": "tflm"},
        {"compiler_version": "g++ 13.1.0"},
        {"definitions": {"HIL_ENGINE": "builtin", "HIL_TFLM_VERSION": "1"}},
    ],
)
def test_every_setting_counts(sources: Path, change: dict[str, object]) -> None:
    assert key(sources, **change) != key(sources)


def test_content_and_name_of_every_file_count(sources: Path) -> None:
    before = key(sources)
    (sources / "app" / "main.cc").write_text("int main() { }\n")
    edited = key(sources)
    (sources / "app" / "main.cc").rename(sources / "app" / "start.cc")
    renamed = key(sources)
    assert len({before, edited, renamed}) == 3


def test_what_no_image_contains_does_not_count(sources: Path) -> None:
    before = key(sources)
    (sources / "tests" / "test.cc").write_text("// another test\n")
    (sources / "build-mine").mkdir()
    (sources / "build-mine" / "CMakeCache.txt").write_text("x")
    (sources / ".editor-state").write_text("x")
    assert key(sources) == before


def test_library_and_headers_of_a_tflm_tree_count(sources: Path) -> None:
    digests = ("", "one", "two")
    assert len({key(sources, tflm_digest=digest) for digest in digests}) == 3
