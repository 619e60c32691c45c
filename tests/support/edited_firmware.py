"""The firmware with edits of its own sources, built once per content like every firmware.

    image = edited_firmware(Edit("app/feedback.cc", "right", "wrong"))

All edited firmwares are built in one place, one after the other: a file whose content changes is
compiled again, the others are not. A test that needs an image for itself only costs a file and a
link that way, not a compilation of everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from filelock import FileLock
from tflm_hil.firmware_build.build import SOURCE_DIR, FirmwareImage, build
from tflm_hil.firmware_build.content_key import source_files
from tflm_hil.paths import cache_dir

EDITED = cache_dir("edited")


@dataclass(frozen=True)
class Edit:
    """`old`, which must stand once in `file`, becomes `new`."""

    file: str
    old: str
    new: str


def edited(*edits: Edit) -> dict[str, str]:
    """The files that are edited, by name below the firmware's sources, with their new texts."""
    texts: dict[str, str] = {}
    for edit in edits:
        text = texts.get(edit.file) or (SOURCE_DIR / edit.file).read_text(encoding="utf-8")
        assert text.count(edit.old) == 1, f"{edit.file} no longer holds once: {edit.old}"
        texts[edit.file] = text.replace(edit.old, edit.new)
    return texts


def edited_firmware(*edits: Edit) -> FirmwareImage:
    """The image, from the cache or built."""
    return firmware_with(edited(*edits))


def firmware_with(texts: Mapping[str, str]) -> FirmwareImage:
    """The image of the sources in which these files have these texts, new files among them."""
    sources = EDITED / "firmware"
    wanted = {
        path.relative_to(SOURCE_DIR).as_posix(): path.read_bytes()
        for path in source_files(SOURCE_DIR)
    } | {name: text.encode() for name, text in texts.items()}
    sources.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{sources}.lock"):
        for path in source_files(sources):
            if path.relative_to(sources).as_posix() not in wanted:
                path.unlink()
        for name, content in wanted.items():
            path = sources / name
            # what stays as it is keeps its time, and so its object file
            if not path.exists() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return build("nucleo_f746zg", source_dir=sources, cache_dir=EDITED)
