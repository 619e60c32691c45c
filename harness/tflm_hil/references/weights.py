"""The description of a `.keras` file, read once per content.

Starting Keras costs seconds, and the answer depends on nothing but the file and on how it is read;
so it is kept beside the references.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tflm_hil.files import write_whole
from tflm_hil.models.convert.model_files import LOADING
from tflm_hil.paths import PACKAGE, cache_dir
from tflm_hil.references.equations.description import Description, restored
from tflm_hil.references.equations.obstacles import NotExpressible
from tflm_hil.worker import Arrays, WorkerError, run_worker

WORKER = "tflm_hil.references.workers.weights"
TIMEOUT_S = 300.0
META = "meta"

# Our own code that has a say in what is stored; a change of it makes new entries.
SOURCES = (
    "references/workers/weights.py", *LOADING,
    *(f"references/equations/{name}.py"
      for name in ("description", "obstacles", "read_decoder", "read_keras", "wiring")),
)  # fmt: skip

Answer = tuple[dict[str, Any], Arrays]
Source = tuple[Path, Path | None]
"""A `.keras` file, and the file with classes of the user's own if it needs one."""


@dataclass(frozen=True)
class ReadModel:
    """The description of a model, and the names that the user's file has an equation of."""

    description: Description
    equations: tuple[str, ...]


def read_model(model: Source, along: Iterable[Source] = ()) -> ReadModel:
    """The description of a `.keras` file.

    Where Keras has to be started, it reads the models of `along`, too: most of its time is its
    start. Raises NotExpressible if there are no equations for it, and `WorkerError` if it cannot
    be loaded.
    """
    answer, arrays = _answer(model, along)
    if "not_expressible" in answer:
        raise NotExpressible.restored(answer["not_expressible"])
    return ReadModel(restored(answer["description"], arrays), tuple(answer["equations"]))


def _answer(model: Source, along: Iterable[Source]) -> Answer:
    """What the worker answers to a model, from the cache if it is there."""
    known = _read(_entry(model))
    if known is not None:
        return known
    others = {item for item in along if item != model and not _entry(item).exists()}
    wanted = [model, *sorted(others, key=str)]
    request = {
        "models": [
            {"model": str(path.resolve()), "custom": str(custom.resolve()) if custom else ""}
            for path, custom in wanted
        ]
    }
    answers, arrays = run_worker(WORKER, request, timeout_s=TIMEOUT_S)
    for number, item in enumerate(wanted):
        answer = answers["models"][number]
        if "error" in answer:
            if item == model:
                raise WorkerError(WORKER, 1, **answer["error"], tail="")
            continue
        begin = f"{number}:"
        own = {
            name.removeprefix(begin): array
            for name, array in arrays.items()
            if name.startswith(begin)
        }
        _write(_entry(item), answer, own)
        if item == model:
            known = answer, own
    assert known is not None
    return known


def _entry(source: Source) -> Path:
    """Where the answer is kept: a name that stands for all it depends on."""
    files = [item for item in source if item is not None]
    digests = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (*files, *(PACKAGE / name for name in SOURCES))
    ]
    key = hashlib.sha256(" ".join(digests).encode()).hexdigest()
    return cache_dir("weights") / f"{key}.npz"


def _read(path: Path) -> Answer | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
            answer: dict[str, Any] = json.loads(bytes(arrays.pop(META)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return answer, arrays


def _write(path: Path, answer: dict[str, Any], arrays: Arrays) -> None:
    """A cache that cannot be written is no reason to fail."""
    content = io.BytesIO()
    meta = np.frombuffer(json.dumps(answer).encode(), np.uint8)
    np.savez(content, allow_pickle=False, **{META: meta}, **arrays)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.getvalue(), sync=False)
