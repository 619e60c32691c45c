"""JUnit's XML is written as our own reports are: the whole of it, or what was there before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from _pytest.junitxml import xml_key

from tflm_hil.files import sync_folder


@contextmanager
def written_whole(config: pytest.Config) -> Iterator[None]:
    """What pytest writes in here for `--junitxml` goes to a file beside it, renamed at the end.

    What cannot be written is pytest's to tell.
    """
    junit = config.stash.get(xml_key, None)
    if junit is None:
        yield
        return
    path = Path(junit.logfile)
    if path.exists() and not path.is_file():  # a pipe
        yield
        return
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    named, junit.logfile = junit.logfile, str(draft)
    try:
        yield
        if draft.exists():
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
            sync_folder(path.parent)
    finally:
        junit.logfile = named
        with suppress(OSError):
            draft.unlink(missing_ok=True)
