"""A name for "these sources, built this way": equal inputs give equal keys, and nothing else does.

The image is reproducible (no paths, no time in it), so the key may stand for the ELF in a cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

# Below the firmware directory; none of them gets into an image.
_NOT_SOURCES = ("build", "tests")


def content_key(
    source_dir: Path,
    *,
    board: str,
    engine: str,
    compiler_version: str,
    tflm_digest: str,
    definitions: Mapping[str, str],
) -> str:
    """Hexadecimal key (64 digits) over every source file and everything that changes the build.

    `tflm_digest` stands for library and headers of a TFLM tree; empty without one.
    """
    digest = hashlib.sha256()

    def add(label: str, content: bytes) -> None:
        # Lengths keep "ab" + "c" apart from "a" + "bc".
        digest.update(f"{label}\0{len(content)}\0".encode() + content)

    for name, value in (("board", board), ("engine", engine), ("compiler", compiler_version)):
        add(name, value.encode())
    for name, value in sorted(definitions.items()):
        add(f"-D{name}", value.encode())
    for path in source_files(source_dir):
        add(path.relative_to(source_dir).as_posix(), path.read_bytes())
    add("TFLM", tflm_digest.encode())
    return digest.hexdigest()


def source_files(source_dir: Path) -> Iterator[Path]:
    """All files below the firmware directory that may get into an image, in a fixed order."""
    for path in sorted(source_dir.rglob("*")):
        top = path.relative_to(source_dir).parts[0]
        # Not the dot files of editors, nor what CMake and people call their build directories.
        if path.is_file() and not top.startswith((*_NOT_SOURCES, ".")):
            yield path
