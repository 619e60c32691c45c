"""References on disk, by content.

A key names everything that the result depends on: the model's bytes, the input's bytes, the
framework's versions and settings, and our own code that runs it. So an entry is never stale, and
nothing has to be invalidated. Entries are written beside and renamed: a reader never sees half of
one, and two runs that compute the same at once do no harm. A damaged entry counts as absent.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.files import write_whole
from tflm_hil.paths import cache_dir
from tflm_hil.references.records import Reference
from tflm_hil.vocabulary import RungName

META = "meta"


def default_directory() -> Path:
    """`references` in the user's cache directory."""
    return cache_dir("references")


def key_of(facts: Mapping[str, Any]) -> str:
    """64 hexadecimal digits that stand for all `facts` (JSON values)."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def array_digest(array: NDArray[Any]) -> str:
    """SHA-256 over type, shape and elements."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def read(directory: Path, key: str) -> Reference | None:
    """The entry of `key`, None if there is none that can be read."""
    try:
        with np.load(directory / f"{key}.npz", allow_pickle=False) as archive:
            meta = json.loads(bytes(archive[META]))
            if meta["key"] != key:
                return None
            tensors = tuple(
                RungOutputs(archive[f"output.{number}"], *item)
                for number, item in enumerate(meta["tensors"])
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    circumstances = {**meta["circumstances"], "cached": "yes"}
    return Reference(RungName(meta["framework"]), tensors, circumstances)


def write(directory: Path, key: str, reference: Reference) -> None:
    """Store an entry; a cache that cannot be written is no reason to fail."""
    meta = {
        "key": key,
        "framework": reference.framework,
        "circumstances": dict(reference.circumstances),
        "tensors": [(item.scale, item.zero_point, item.per_step) for item in reference.tensors],
    }
    arrays = {f"output.{number}": item.stored for number, item in enumerate(reference.tensors)}
    content = io.BytesIO()
    np.savez_compressed(
        content,
        allow_pickle=False,
        **{META: np.frombuffer(json.dumps(meta).encode(), np.uint8)},
        **arrays,
    )
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        write_whole(directory / f"{key}.npz", content.getvalue(), sync=False)
