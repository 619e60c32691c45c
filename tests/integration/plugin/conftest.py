"""A pytest session of its own, on an emulated board of its own, with a zoo made for the test."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from tflm_hil.commands.plugin_arguments import plugin_arguments
from tflm_hil.paths import REPOSITORY

from tests.support.forked_session import forked_session

# pytester moves HOME: firmware and references must still come from the cache of this machine.
CACHE_HOME = Path(platformdirs.user_cache_path("tflm-hil")).parent

# Imported now, so that it stays: pytester forgets the modules that a test imports, and a board test
# later in the session would get half of pyOCD a second time, with classes that are not the first's.
for module in ("pyocd.core.helpers", "pyocd.flash.flash", "pyocd.target.builtin"):
    importlib.import_module(module)

# Asked once, now: pyOCD, imported by a test, replaces the finder of entry points (the package
# importlib_metadata does), and pytester takes that one away again when the test ends.
PLUGIN = plugin_arguments()

RunPytest = Callable[..., pytest.RunResult]
BOARD = "nucleo-f746zg-emulated"


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunPytest:
    """Run pytest in a process of its own with `source` as its only test module.

    The process is a fork of this one, which has pytest, pyOCD and the package imported; `fresh`
    asks for a Python that has not.
    """
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE_HOME))
    monkeypatch.delenv("TFLM_ROOT", raising=False)  # of `make test TFLM_ROOT=…`: the engine too
    for name in ("CI", "BUILD_NUMBER"):  # pytest would repeat whole messages in its summary
        monkeypatch.delenv(name, raising=False)

    def run(
        source: str, *arguments: str, board: str | None = BOARD, fresh: bool = False
    ) -> pytest.RunResult:
        pytester.makepyfile(test_inner=source)
        words = [*PLUGIN, *(["--board", board] if board else []), *arguments]
        if fresh:
            return pytester.runpytest_subprocess(*words)
        return forked_session(words, pytester.path)

    return run


@pytest.fixture
def make_zoo(tmp_path: Path) -> Callable[[dict[str, bytes], tuple[int, ...]], Path]:
    """Write a zoo of one model with these variants, for inputs of `shape` each."""

    def make(variants: dict[str, bytes], shape: tuple[int, ...] = (1, 4)) -> Path:
        folder = tmp_path / "zoo" / "made"
        folder.mkdir(parents=True)
        samples = folder / "samples.npz"
        np.savez(samples, inputs=np.zeros((2, *shape), np.float32))
        lines = [
            "schema = 1",
            'name = "made"',
            'title = "made for a test"',
            'task = "regression"',
            "[samples]",
            'file = "samples.npz"',
            f'sha256 = "{hashlib.sha256(samples.read_bytes()).hexdigest()}"',
            'inputs = "inputs"',
        ]
        for name, content in variants.items():
            (folder / f"{name}.tflite").write_bytes(content)
            lines += [
                "[[variant]]",
                f'name = "{name}"',
                f'file = "{name}.tflite"',
                f'sha256 = "{hashlib.sha256(content).hexdigest()}"',
                'export = "made"',
                'dtype = "float32"',
                "limits = []",
            ]
        (folder / "manifest.toml").write_text("\n".join(lines))
        return folder.parent

    return make
