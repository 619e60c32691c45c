"""Where tflm-hil keeps what outlives a run, in one place.

`XDG_CACHE_HOME` and `XDG_RUNTIME_DIR` move them, as for any well-behaved program.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import platformdirs

from tflm_hil.errors import ConfigurationError

_NAME = "tflm-hil"

PACKAGE = Path(__file__).resolve().parent
"""The import package."""
IMPORT_ROOT = PACKAGE.parent
"""What stands on `sys.path` for it: workers and boards are started with it."""
REPOSITORY = IMPORT_ROOT.parent
"""The clone: firmware sources and shipped models lie beside the top-level folder `harness`."""


def made(path: Path, *, mode: int = 0o777, remedy: str = "") -> Path:
    """`path`, which is a folder now. Raises ConfigurationError with `remedy` if it cannot be."""
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the folder {path} cannot be made: {error.strerror}",
            remedy=remedy or "make it writable, or move it with XDG_CACHE_HOME, XDG_RUNTIME_DIR",
        ) from error
    return path


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
