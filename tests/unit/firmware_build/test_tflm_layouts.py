"""What is given as a TFLM tree and is none is told apart, each with a way out that works."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from tflm_hil.errors import TflmTreeInvalid
from tflm_hil.firmware_build.core import Core
from tflm_hil.firmware_build.tflm_tree import inspect_tree

from tests.support.tflm_trees import (
    CORTEX_M7,
    DOWNLOADS,
    HEADERS,
    MAKEFILE,
    add_library,
    make_tree,
)

CORE = Core.from_flags(" ".join(CORTEX_M7))
HEADER = HEADERS[0]
MAKE = "TARGET_ARCH=cortex-m7+fp FPU=fpv5-sp-d16"


def refusal(root: Path) -> tuple[str, str]:
    """What is said, and what to do."""
    with pytest.raises(TflmTreeInvalid) as caught:
        inspect_tree(root, CORE)
    return caught.value.what, caught.value.remedy


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_no_folder(tmp_path: Path) -> None:
    what, _ = refusal(tmp_path / "nowhere")
    assert what == f"There is no folder {tmp_path / 'nowhere'}."


def test_a_library_in_place_of_its_folder(tmp_path: Path) -> None:
    """The remedy is followed: the folder that it names is taken."""
    library = add_library(make_tree(tmp_path)) / "lib/libtensorflow-microlite.a"
    what, remedy = refusal(library)
    assert "is a file" in what
    assert inspect_tree(named(remedy), CORE).library == library


def test_empty_folder(tmp_path: Path) -> None:
    what, remedy = refusal(tmp_path)
    assert what == f"{tmp_path} is empty."
    assert remedy.startswith("clone https://")
    assert MAKE in remedy


def test_submodule_that_was_not_checked_out(tmp_path: Path) -> None:
    touch(tmp_path / ".gitmodules")
    (tmp_path / "third_party/tflm").mkdir(parents=True)
    _, remedy = refusal(tmp_path / "third_party/tflm")
    assert "git submodule update --init" in remedy


def test_folder_that_must_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "x")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    assert "must not be read" in refusal(tmp_path)[0]


def test_a_tree_further_down(tmp_path: Path) -> None:
    gen = add_library(make_tree(tmp_path / "vendor/tflite-micro"))
    what, remedy = refusal(tmp_path)
    assert "there is one in it" in what
    assert inspect_tree(named(remedy), CORE).library.is_relative_to(gen)


@pytest.mark.parametrize(
    ("mark", "place", "words"),
    [
        ("library.properties", "src", "a library of the Arduino IDE"),
        ("library.json", "src", "a library of PlatformIO"),
        ("idf_component.yml", ".", "a component of ESP-IDF"),
        ("tensorflow.tensorflow-lite-micro.pdsc", ".", "a CMSIS pack"),
        ("board.ioc", "Middlewares/tensorflow", "a project of STM32CubeMX"),
        ("zephyr/module.yml", ".", "a module of Zephyr"),
    ],
)
def test_sources_that_another_build_compiles(
    tmp_path: Path, mark: str, place: str, words: str
) -> None:
    """From the folder that the mark is in and, where that is another, the one of the headers."""
    touch(tmp_path / mark)
    touch(tmp_path / place / HEADER)
    for root in (tmp_path, tmp_path / place):
        what, remedy = refusal(root)
        assert f"is TFLM as {words}:" in what
        assert MAKE in remedy


def test_a_vendor_s_runtime_without_the_headers(tmp_path: Path) -> None:
    touch(tmp_path / "Middlewares/ST/AI/Lib/NetworkRuntime900_CM7_GCC.a")
    assert "it is a project of STM32CubeMX without TFLM's headers" in refusal(tmp_path)[0]
    inner = tmp_path / "Middlewares/ST/AI"
    assert "a project of STM32CubeMX" in refusal(inner)[0]


def test_the_python_package(tmp_path: Path) -> None:
    touch(tmp_path / "python/tflite_micro/_runtime.cpython-311-x86_64-linux-gnu.so")
    assert "the Python package of desktop TFLM" in refusal(tmp_path)[0]


def test_tensorflow_itself(tmp_path: Path) -> None:
    touch(tmp_path / "tensorflow/lite/kernels/register.cc")
    assert "it is TensorFlow, which has no TFLM" in refusal(tmp_path)[0]


def test_library_without_headers(tmp_path: Path) -> None:
    library = touch(tmp_path / "lib/libtensorflow-microlite.a")
    assert "holds a library without TFLM's headers" in refusal(tmp_path)[0]
    assert "holds a library without TFLM's headers" in refusal(library.parent)[0]


def test_folder_of_something_else(tmp_path: Path) -> None:
    touch(tmp_path / "main.c")
    assert "is no TFLM tree: there is no tensorflow/lite/micro" in refusal(tmp_path)[0]


def test_checkout_that_was_never_built(tmp_path: Path) -> None:
    """Not a word of a missing download: building brings them."""
    make_tree(tmp_path)
    for header in HEADERS:
        if header.is_relative_to(DOWNLOADS):
            (tmp_path / header).unlink()
    what, remedy = refusal(tmp_path)
    assert "it is a checkout of TFLM that is not built" in what
    assert f"make -f {MAKEFILE} TARGET=cortex_m_generic {MAKE}" in remedy


def test_exported_sources_and_the_place_for_their_library(tmp_path: Path) -> None:
    """The remedy is followed: a library that is put there is found."""
    make_tree(tmp_path / "made")
    (tmp_path / "made" / MAKEFILE).unlink()
    what, remedy = refusal(tmp_path / "made")
    assert "without upstream's Makefile" in what
    place = re.search(r"put it\s+into (\S+),", remedy)
    assert place is not None
    built = add_library(make_tree(tmp_path / "checkout")) / "lib"
    built.rename(Path(place[1]))
    assert inspect_tree(tmp_path / "made", CORE).library.parent == Path(place[1])


def named(remedy: str) -> Path:
    """The folder that a remedy says to name."""
    words = shlex.split(remedy)
    return Path(words[words.index("--hil-tflm-root") + 1])
