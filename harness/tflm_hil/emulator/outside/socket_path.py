"""Unix sockets at paths of any length.

The kernel takes 107 bytes (`sun_path`, unix(7)), and a cache or runtime directory under a deep
temporary folder is soon longer. The folder's entry in `/proc/self/fd` is a short name for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 107  # bytes


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name for the socket `path` that `bind` and `connect` of this process take. OSError."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
