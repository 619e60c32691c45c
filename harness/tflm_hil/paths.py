"""Where tflm-hil keeps what outlives a run, in one place.

`XDG_CACHE_HOME` and `XDG_RUNTIME_DIR` move them, as for any well-behaved program.
"""

from __future__ import annotations

import os
import stat
import warnings
from contextlib import suppress
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
    """Folder for what can be made again: firmware images, references, emulated flash.

    For this user only, see `_private`. Raises ConfigurationError.
    """
    return _private(platformdirs.user_cache_path(_NAME), part)


def runtime_dir(part: str) -> Path:
    """Folder for what is only true while processes run: locks, sockets, the emulator registry.

    Where nothing sets XDG_RUNTIME_DIR (containers, CI) platformdirs falls back to a folder of the
    user's under /tmp and warns on every call; the fallback is fine here, as it is looked at before
    it is used (`_private`). Raises ConfigurationError.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            root = platformdirs.user_runtime_path(_NAME)
        except OSError as error:  # it looks at some of the folders itself
            raise ConfigurationError(
                f"the folder for sockets and locks cannot be used: {error}",
                remedy="set XDG_RUNTIME_DIR to a folder of your own with mode 700",
            ) from error
    return _private(root, part)


def _private(root: Path, part: str) -> Path:
    """`root / part`, both for this user only (mode 0700); not made where that is not possible.

    What lies there is run, linked and trusted: images, sockets, answers. Under a shared /tmp
    anybody can make a folder of that name first. Raises ConfigurationError for a folder of somebody
    else's, or one that anybody could write until now.
    """
    for folder in (root, root / part):
        with suppress(OSError):
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        if os.path.lexists(folder):
            _check(folder)
    return root / part


def _check(folder: Path) -> None:
    me = os.geteuid()
    link, found = folder.lstat(), folder.stat()
    owners = {found.st_uid, link.st_uid} if stat.S_ISLNK(link.st_mode) else {found.st_uid}
    if foreign := owners - {me}:
        raise ConfigurationError(
            f"the folder {folder} belongs to user {min(foreign)}, not to you ({me}): what lies in "
            "it is not to be trusted",
            remedy="move it to a folder of your own with XDG_CACHE_HOME, XDG_RUNTIME_DIR",
        )
    if found.st_mode & stat.S_IWOTH:
        raise ConfigurationError(
            f"the folder {folder} can be written by anybody (mode {stat.S_IMODE(found.st_mode):o})",
            remedy=f"remove it; or look at what is in it, then run `chmod 700 {folder}`",
        )
    if found.st_mode & 0o077:
        folder.chmod(0o700)
