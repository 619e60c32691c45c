"""What lies on disk: TOML that is read, and disks that are full, read-only or not there."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tflm_hil.errors import ConfigurationError, StorageError

TOML_BYTES_MAX = 4 << 20  # a manifest of a thousand variants has a tenth of it

SHOWN = 80  # characters of a wrong value
VALUE_MAX = 800  # characters of a text in TOML: a long path

_REMEDIES = {
    errno.ENOSPC: "make room on that disk, or choose another place",
    errno.EDQUOT: "make room in your quota, or choose another place",
    errno.EFBIG: "raise the limit of file sizes (`ulimit -f`), or choose another place",
    errno.ENOENT: "create the folder first, or correct the path",
    errno.EMFILE: "raise the number of open files (`ulimit -n`)",
}
_REMEDY = "make it writable, or choose another place: --hil-report-dir, XDG_CACHE_HOME"


def storage_error(error: OSError, path: Path | str | None = None) -> StorageError:
    """`error` as a sentence; `path` is for those that do not know theirs (a full disk)."""
    place = path or error.filename or "a file"
    return StorageError(
        f"{place} cannot be read or written: {error.strerror or error}",
        remedy=_REMEDIES.get(error.errno or 0, _REMEDY),
    )


@contextmanager
def stored(path: Path | str | None = None) -> Iterator[None]:
    """What the system refuses inside is a StorageError."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def write_text(path: Path, text: str) -> None:
    """Write a text for people or programs, whatever names are in it. Raises StorageError.

    A reader, and whoever looks after the process was killed or the power went, finds the whole of
    the new text or of the old one.
    """
    with stored(path):
        # names of files need not be UTF-8: Python hands over such bytes as lone surrogates
        write_whole(path, text.encode("utf-8", errors="backslashreplace"))


def write_whole(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Beside it, forced to the disk unless it is of a cache, and renamed. Raises OSError."""
    path = path.resolve()  # of a link, the file behind it
    if path.exists() and not path.is_file():  # a terminal, a pipe
        path.write_bytes(content)
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with draft.open("wb") as file:
            if path.exists():
                shutil.copymode(path, draft)
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        draft.replace(path)
        if sync:
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def sync_folder(directory: Path) -> None:
    """Force names of files in a folder to the disk, where the system can do that."""
    with suppress(OSError):
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_toml(path: Path) -> dict[str, Any]:
    """Raises ConfigurationError for what is no file, no TOML, or more than anybody writes."""
    try:
        if not path.is_file():
            raise ConfigurationError(f"{path} is no file", remedy="check the path")
        if path.stat().st_size > TOML_BYTES_MAX:
            raise ConfigurationError(
                f"{path} has {path.stat().st_size:,} bytes: that is no manifest or board file",
                remedy="check the path",
            )
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}", remedy="check the path"
        ) from error
    except RecursionError:
        raise ConfigurationError(
            f"{path} is not TOML that can be read: its tables or lists are too deep",
            remedy="correct the TOML",
        ) from None
    except ValueError as error:  # of TOML, of UTF-8, of a number with thousands of digits
        raise ConfigurationError(
            f"{path} is not TOML: {str(error)[: 2 * SHOWN]}", remedy="correct the line named"
        ) from error


def shown(value: object) -> str:
    """A wrong value as a sentence can bear it."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits; a list too deep
        return f"a {type(value).__name__} that is too large to be shown"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
