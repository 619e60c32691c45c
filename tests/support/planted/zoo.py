"""The planted models as a zoo on disk, made once for what they depend on.

zoo = planted_zoo()                     # folders with manifests, models and samples

The workers that make them say what they depend on: each of our modules that they have
imported is noted with its hash beside the zoo. It is made again when one of these has changed, and
not for any other change of the package.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from filelock import FileLock
from tflm_hil.models.tflite.flatbuffer import Editor
from tflm_hil.paths import cache_dir
from tflm_hil.worker import run_worker

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SOURCES = "sources.json"
WORKERS = 2
LARGE = ("lstm", "integrator", "chunks", "stack", "classes", "masked")
PACKAGES = ("tensorflow", "keras", "tf_keras", "numpy")

# What is allowed between Keras and TFLite: rounding in float32, and as much as the right int8
# models have (0.03 to 0.07, see `test_right_models_pass`).
TFLITE = {"float32": 1e-5, "int8": 0.2, "int16": 0.05}


def planted_zoo(names: Iterable[str], *, directory: Path | None = None) -> Path:
    """Folders of these models of `models.MAKERS`, from the cache if they are in it."""
    wanted = sorted(names)
    folder = (directory or cache_dir("planted")) / _key(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        made = next((path for path in folder.glob("*/") if _is_of_today(path)), None)
        return made or _made(folder, wanted)


def _made(folder: Path, wanted: list[str]) -> Path:
    making = folder / "making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    with ThreadPoolExecutor(WORKERS) as pool:
        sources = set().union(*pool.map(partial(_make, making), _shares(wanted)))
    for name in wanted:
        write_manifest(making / name)
    text = json.dumps({name: _digest(ROOT / name) for name in sorted(sources)}, indent=1)
    done = folder / hashlib.sha256(text.encode()).hexdigest()[:32]
    shutil.rmtree(done, ignore_errors=True)
    making.rename(done)
    (done / SOURCES).write_text(text, encoding="utf-8")
    return done


def _is_of_today(made: Path) -> bool:
    """Whether everything that had a say in this zoo is as it was; False for half a zoo."""
    noted = made / SOURCES
    if not noted.exists():
        return False
    sources: Mapping[str, str] = json.loads(noted.read_text(encoding="utf-8"))
    return all(_digest(ROOT / name) == digest for name, digest in sources.items())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _shares(names: list[str]) -> list[list[str]]:
    """What each worker makes; the LSTMs are as much work as all others."""
    first = [name for name in names if name in LARGE]
    return [share for share in (first, [name for name in names if name not in LARGE]) if share]


def _make(directory: Path, names: list[str]) -> set[str]:
    """Make these folders; the sources that had a say, below `ROOT`."""
    request = {"directory": str(directory), "names": names, "root": str(ROOT)}
    answer, _ = run_worker("tests.support.planted.models", request)
    return {*answer["sources"], HERE.relative_to(ROOT).joinpath("zoo.py").as_posix()}


def poisoned_zoo(planted: Path, wanted: Iterable[tuple[str, str, str]], directory: Path) -> Path:
    """Right models of `planted` under names for which the poisoned firmware makes a mistake.

    `wanted` are (mistake, folder, variant). Every file says the mistake in its description: the
    slot knows models by their content.
    """
    for mistake, folder, variant in wanted:
        target = directory / f"{mistake}_{folder}"
        target.mkdir(parents=True, exist_ok=True)
        for path in (planted / folder).glob("*"):
            if path.suffix in (".keras", ".npz", ".py"):
                shutil.copy(path, target)
        editor = Editor((planted / folder / f"{variant}.tflite").read_bytes())
        editor.model.description = f"run by a firmware that {mistake}".encode()
        (target / f"{variant}.tflite").write_bytes(editor.content())
        write_manifest(target)
    return directory


def write_manifest(folder: Path) -> None:
    """`manifest.toml` for all files of a folder; file names are dtype-export-mistake."""
    name = folder.name
    lines = [
        "schema = 1", f'name = "{name}"', f'title = "Planted: {name}"', 'task = "regression"',
        "[keras]", *_file(folder / "model.keras"), *_custom(folder),
        "[samples]", *_file(folder / "samples.npz"), 'inputs = "inputs"',
    ]  # fmt: skip
    for path in sorted(folder.glob("*.tflite")):
        dtype, export = path.stem.split("-")[:2]
        dtype = {"int16x8": "int16"}.get(dtype, dtype)
        exact = "max_abs", 1e-6, "output"
        device = exact if dtype == "float32" else ("max_lsb", 0, "LSB")
        lines += [
            "[[variant]]", f'name = "{path.stem}"', *_file(path),
            f'export = "{export}"', f'dtype = "{dtype}"', "limits = [",
            _limit("tflite", "max_abs", TFLITE[dtype], "output"), _limit("device", *device), "]",
        ]  # fmt: skip
    (folder / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _limit(rung: str, measure: str, maximum: float, unit: str) -> str:
    fields = f'rung = "{rung}", measure = "{measure}", maximum = {maximum}, unit = "{unit}"'
    return f"  {{ {fields} }},"


def _custom(folder: Path) -> list[str]:
    return ['custom = "classes.py"'] if (folder / "classes.py").exists() else []


def _file(path: Path) -> tuple[str, str]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f'file = "{path.name}"', f'sha256 = "{digest}"'


def _key(names: list[str]) -> str:
    digest = hashlib.sha256(repr(names).encode())
    for package in PACKAGES:
        digest.update(importlib.metadata.version(package).encode())
    return digest.hexdigest()[:32]
