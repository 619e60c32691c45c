"""A tree that fits is taken as it is; each planted defect is named, with what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tflm_hil.errors import TflmTreeInvalid
from tflm_hil.firmware_build.core import Core
from tflm_hil.firmware_build.tflm_tree import inspect_tree

from tests.support.tflm_trees import (
    CORTEX_M7,
    GRAPH,
    HEADERS,
    REGISTER_ADD,
    REGISTER_TANH,
    RESOLVER,
    add_library,
    make_tree,
)

CORE = Core.from_flags(" ".join(CORTEX_M7))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "tflite-micro")


def refusal(root: Path, *, host: bool = False) -> str:
    with pytest.raises(TflmTreeInvalid) as caught:
        inspect_tree(root, None if host else CORE)
    assert caught.value.remedy
    return str(caught.value)


# --- what fits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [".", "gen/one", "gen/one/lib"])
def test_library_and_headers_are_found_from_source_and_gen_folder(tree: Path, place: str) -> None:
    add_library(tree, "one")
    inspected = inspect_tree(tree / place, CORE)
    assert inspected.library == tree / "gen/one/lib/libtensorflow-microlite.a"
    assert tree in inspected.include_dirs
    for header in ("flatbuffers/flatbuffers.h", "fixedpoint/fixedpoint.h"):
        assert any((folder / header).is_file() for folder in inspected.include_dirs)
    assert inspected.commit == ""
    assert "unknown commit" in inspected.version


def test_exported_tree_bundles_its_third_parties(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "made")
    for name in ("flatbuffers", "gemmlowp"):
        (root / "third_party").mkdir(exist_ok=True)
        (root / HEADERS[3].parents[3] / name).rename(root / "third_party" / name)
    library = add_library(root, "x") / "lib/libtensorflow-microlite.a"
    library.rename(root / library.name)
    assert inspect_tree(root, CORE).library == root / library.name


def test_kernels_messages_and_operators_come_from_the_objects(tree: Path) -> None:
    plain = inspect_tree(add_library(tree, "plain"), CORE)
    assert plain.kernels == "reference"
    assert not plain.has_messages
    assert [item.name for item in plain.operators] == ["ADD", "TANH"]  # no window in there
    symbols = (REGISTER_ADD, "arm_fully_connected_s8", "_Z11MicroPrintfPKcz")
    rich = inspect_tree(add_library(tree, "rich", symbols=symbols), CORE)
    assert rich.kernels == "cmsis-nn"
    assert rich.has_messages
    assert [item.method for item in rich.operators] == ["AddAdd"]
    assert "hard float ABI" in plain.description
    assert "GCC" in plain.description


def test_operators_of_models_only(tree: Path) -> None:
    inspected = inspect_tree(add_library(tree), CORE)
    assert inspected.cmake_variables()["HIL_TFLM_OPERATORS"] == "AddAdd;AddTanh"
    used = inspected.cmake_variables({"TANH", "CONV_2D"})
    assert used["HIL_TFLM_OPERATORS"] == "AddTanh"


def test_operators_are_named_as_models_name_them(tree: Path) -> None:
    """Custom operators, too: they have no code of their own."""
    window = "_ZN6tflite11tflm_signal15Register_WINDOWEv"
    inspected = inspect_tree(add_library(tree, symbols=(REGISTER_ADD, window)), CORE)
    assert inspected.operator_names == {"ADD", "CUSTOM SignalWindow"}
    used = inspected.cmake_variables({"CUSTOM SignalWindow"})
    assert used["HIL_TFLM_OPERATORS"] == "AddWindow"


def test_library_and_headers_make_the_digest(tree: Path) -> None:
    root = add_library(tree)
    first = inspect_tree(root, CORE)
    assert inspect_tree(root, CORE).digest == first.digest
    (tree / HEADERS[0]).write_text("// another\n")
    second = inspect_tree(root, CORE)
    assert second.digest != first.digest
    assert second.version == first.version, "the library is the same"
    (root / "lib/libtensorflow-microlite.a").unlink()
    (root / "lib").rmdir()
    root.rmdir()
    third = inspect_tree(add_library(tree, symbols=(REGISTER_ADD,)), CORE)
    assert third.digest != second.digest
    assert third.version != second.version


def test_commit_of_a_checkout_and_whether_it_was_changed(tree: Path) -> None:
    root = add_library(tree)
    identity = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME",)}
    identity |= {f"GIT_{who}_EMAIL": "x@example.org" for who in ("AUTHOR", "COMMITTER")}

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(tree), *arguments],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | identity,
        ).stdout.strip()

    git("init", "-q")
    git("add", "tensorflow")
    git("commit", "-q", "-m", "x")
    assert inspect_tree(root, CORE).commit == git("rev-parse", "--short=12", "HEAD")
    (tree / HEADERS[0]).write_text("// changed\n")
    assert inspect_tree(root, CORE).commit.endswith("+")


# --- planted defects -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "sentence", "remedy"),
    [
        (
            ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
            "double-precision FPU",
            "FPU=fpv5-sp-d16",
        ),
        (
            ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=soft"),
            "wrong float ABI: kernel.o passes floats in core registers (soft-float)",
            "TARGET_ARCH=cortex-m7+fp",
        ),
        (
            ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=softfp"),
            "(softfp)",
            "TARGET_ARCH=cortex-m7+fp",
        ),
        (
            ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
            "another core: kernel.o for the FPU VFPv4-D16; the Cortex-M7 of this board has FPv5",
            "TARGET_ARCH=cortex-m7+fp",
        ),
        (
            ("-mcpu=cortex-m0", "-mthumb"),
            "another core: kernel.o for architecture v6S-M",
            "TARGET_ARCH=cortex-m7+fp",
        ),
        (
            ("-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=hard"),
            "another core: kernel.o for architecture v8-M.mainline",
            "TARGET_ARCH=cortex-m7+fp",
        ),
    ],
    ids=["double-precision", "soft-float", "softfp", "cortex-m4", "cortex-m0", "cortex-m33"],
)
def test_library_for_another_machine(
    tree: Path, flags: tuple[str, ...], sentence: str, remedy: str
) -> None:
    told = refusal(add_library(tree, flags=flags))
    assert sentence in told
    assert remedy in told.split("→")[1]
    assert "gen/cortex_m_generic" in told, "which file it is about"


def test_one_bad_member_among_good_ones(tree: Path) -> None:
    root = add_library(tree)
    bad = add_library(tree, "bad", flags=("-mcpu=cortex-m7", "-mthumb"))
    library = "lib/libtensorflow-microlite.a"
    subprocess.run(["arm-none-eabi-ar", "-x", str(bad / library)], cwd=bad, check=True)
    (bad / "kernel.o").rename(bad / "soft.o")
    append = ["arm-none-eabi-ar", "-r", str(root / library), str(bad / "soft.o")]
    subprocess.run(append, check=True, capture_output=True)
    assert "soft.o passes floats" in refusal(root)


def test_desktop_library_is_not_for_the_board_and_the_other_way_round(tree: Path) -> None:
    desktop = add_library(tree, "linux", flags=(), compiler="gcc")
    board = add_library(tree, "m7")
    assert inspect_tree(desktop, None).library.is_relative_to(desktop)
    assert "not for Arm" in refusal(desktop)
    assert "compiled for ARM, this desktop is" in refusal(board, host=True)
    assert inspect_tree(tree, CORE).library.is_relative_to(board), "the one that fits is chosen"
    assert inspect_tree(tree, None).library.is_relative_to(desktop)


def test_two_libraries_that_fit(tree: Path) -> None:
    roots = [add_library(tree, name) for name in ("one", "two")]
    told = refusal(tree)
    assert "2 libraries" in told
    for root in roots:
        assert f"--hil-tflm-root {root}" in told


def test_the_nearest_misfit_is_told_and_the_others_are_listed(tree: Path) -> None:
    desktop = add_library(tree, "linux", flags=(), compiler="gcc")
    add_library(tree, "m7", flags=("-mcpu=cortex-m7", "-mthumb"))
    told = refusal(tree)
    assert "wrong float ABI" in told
    assert f"Nor do these fit: {desktop}" in told


@pytest.mark.parametrize("header", [*HEADERS[1:], RESOLVER], ids=lambda header: header.name)
def test_missing_header_is_named(tree: Path, header: Path) -> None:
    root = add_library(tree)
    (tree / header).unlink()
    told = refusal(root)
    assert told.startswith(f"The TFLM tree {tree} lacks the header ")
    assert f"/{header.name} (" in told


def test_tree_that_is_not_built(tree: Path) -> None:
    told = refusal(tree)
    assert "not built" in told
    assert "FPU=fpv5-sp-d16" in told


@pytest.mark.parametrize("text", [None, "int GetCurrentSubgraphIndex();"], ids=["2023", "2024"])
def test_tree_that_is_too_old(tree: Path, text: str | None) -> None:
    """Told by what its headers lack, before anything is compiled against them."""
    root = add_library(tree)
    (tree / GRAPH).unlink()
    if text is not None:
        (tree / GRAPH).write_text(text)
    told = refusal(root)
    assert "is too old: it is from before July 2024" in told
    assert "July 2024 or later" in told.split("→")[1]


def test_other_settings_need_another_folder(tree: Path) -> None:
    """make compiles nothing again for them: what was said last time would be said once more."""
    root = add_library(
        tree, flags=("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard")
    )
    assert f"→ delete {root}, since make compiles nothing again" in refusal(root)
    shutil.rmtree(root)
    assert inspect_tree(add_library(tree), CORE).library.is_relative_to(root), "as told"


def test_library_with_a_heap(tree: Path) -> None:
    told = refusal(add_library(tree, symbols=("TfLiteTensorRealloc",)))
    assert "TF_LITE_STATIC_MEMORY" in told


def test_file_that_is_no_library(tree: Path) -> None:
    root = add_library(tree)
    (root / "lib/libtensorflow-microlite.a").write_bytes(b"not an archive")
    assert "not a library of ELF objects" in refusal(root)


def test_resolver_in_an_unknown_form(tree: Path) -> None:
    root = add_library(tree)
    (tree / RESOLVER).write_text("class MicroMutableOpResolver {};\n")
    assert "no operators" in refusal(root)


def test_symbols_are_matched_whole(tree: Path) -> None:
    """Register_ADD is not there because Register_ADD_N is."""
    root = add_library(tree, flags=CORTEX_M7, symbols=("_ZN6tflite14Register_ADD_NEv",))
    assert inspect_tree(root, CORE).operators == ()
    other = add_library(tree, "other", symbols=(REGISTER_TANH,))
    assert [item.name for item in inspect_tree(other, CORE).operators] == ["TANH"]
