"""A finished TFLM tree, where one is given; everything here is skipped without it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.boards.spec import Overrides
from tflm_hil.errors import TflmTreeInvalid
from tflm_hil.firmware_build.tflm_tree import TflmTree, inspect_tree
from tflm_hil.options import REPOSITORY, RunConfig
from tflm_hil.report.render.progress import SilentProgress
from tflm_hil.vocabulary import Engine

NEEDS_TREE = "needs a finished TFLM tree: make test TFLM_ROOT=DIR (see README)"


@pytest.fixture(scope="session")
def root(pytestconfig: pytest.Config) -> Path:
    """What --hil-tflm-root or TFLM_ROOT names."""
    given = (
        pytestconfig.getoption("hil_tflm_root", default=None)
        or os.environ.get("HIL_TFLM_ROOT")
        or os.environ.get("TFLM_ROOT")
    )
    if not given:
        pytest.skip(NEEDS_TREE)
    return Path(given).resolve()


@pytest.fixture(scope="session")
def tree(root: Path) -> TflmTree:
    """The tree for the board; one that does not fit is an error."""
    return inspect_tree(root)


@pytest.fixture(scope="session")
def host_tree(tree: TflmTree) -> TflmTree:
    """The same tree with a library for this desktop, where it has one."""
    try:
        return inspect_tree(tree.include_dirs[0], host=True)
    except TflmTreeInvalid as error:
        pytest.skip(f"the tree has no library for this desktop: {error.what}")


def _bench(root: Path, folder: Path, operators: str) -> Iterator[Bench]:
    config = RunConfig(
        board="nucleo-f746zg-emulated",
        overrides=Overrides(),
        zoo=REPOSITORY / "fixtures" / "models",
        report_dir=folder,
        engine=Engine.TFLM,
        tflm_root=root,
        tflm_operators="used" if operators == "used" else "all",
    )
    with Bench(config, SilentProgress()) as bench:
        yield bench


@pytest.fixture(scope="module")
def bench(root: Path, tree: TflmTree, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """An emulated board with all operators of the library."""
    assert tree.library
    yield from _bench(root, tmp_path_factory.mktemp("reports"), "all")


@pytest.fixture(scope="module")
def small_bench(
    root: Path, tree: TflmTree, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """An emulated board with the operators that the shipped models use, and no others."""
    assert tree.library
    yield from _bench(root, tmp_path_factory.mktemp("reports"), "used")
