"""Layers and weights of a `.keras` file, read once per content.

Starting Keras costs seconds, and the answer depends on nothing but the file and on how it is read;
so it is kept beside the references.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from harness.models.worker import Arrays, run_worker
from harness.paths import cache_dir

WORKER = "harness.references.weights_worker"
TIMEOUT_S = 300.0
META = "meta"


def layers_and_weights(model: Path, custom: Path | None = None) -> tuple[dict[str, Any], Arrays]:
    """What the worker answers, see there; `custom` holds classes of the user's own.

    Raises `WorkerError`.
    """
    files = [model, Path(__file__).with_name("weights_worker.py"), *([custom] if custom else [])]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    key = hashlib.sha256(" ".join(digests).encode()).hexdigest()
    path = cache_dir("weights") / f"{key}.npz"
    known = _read(path)
    if known is not None:
        return known
    request = {"model": str(model.resolve()), "custom": str(custom.resolve()) if custom else ""}
    answer, arrays = run_worker(WORKER, request, timeout_s=TIMEOUT_S)
    _write(path, answer, arrays)
    return answer, arrays


def _read(path: Path) -> tuple[dict[str, Any], Arrays] | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
            answer: dict[str, Any] = json.loads(bytes(arrays.pop(META)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return answer, arrays


def _write(path: Path, answer: dict[str, Any], arrays: Arrays) -> None:
    """A cache that cannot be written is no reason to fail."""
    meta = np.frombuffer(json.dumps(answer).encode(), np.uint8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, allow_pickle=False, **{META: meta}, **arrays)
        Path(name).replace(path)
    except OSError:
        return
