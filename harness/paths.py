"""Where tflm-hil keeps what outlives a run, in one place.

`XDG_CACHE_HOME` and `XDG_RUNTIME_DIR` move them, as for any well-behaved program.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import platformdirs

_NAME = "tflm-hil"


def cache_dir(part: str) -> Path:
    """Folder for what can be made again: firmware images, references, emulated flash."""
    return platformdirs.user_cache_path(_NAME) / part


def runtime_dir(part: str) -> Path:
    """Folder for what is only true while processes run: locks, sockets, the emulator registry.

    Where nothing sets XDG_RUNTIME_DIR (containers, CI) platformdirs falls back to a folder of the
    user's under /tmp and warns on every call; the fallback is fine here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_path(_NAME) / part
