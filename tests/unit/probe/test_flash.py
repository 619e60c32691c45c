"""Which bytes of an ELF go where, and what is refused before a board is touched."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tflm_hil.errors import FirmwareTooBig, FlashError
from tflm_hil.probe.flash import Segment, elf_segments
from tflm_hil.probe.flash_layout import FlashLayout

LAYOUT = FlashLayout(0x0800_0000, 0x8_0000, 0x0808_0000, 0x8_0000)


def write_elf(path: Path, segments: list[tuple[int, int, bytes]]) -> Path:
    """A 32-bit Arm ELF of (virtual address, load address, bytes)."""
    offset = 52 + 32 * len(segments)
    headers, bodies = b"", b""
    for virtual, load, data in segments:
        where = offset + len(bodies)
        headers += struct.pack(
            "<8I", 1, where, virtual, load, len(data), len(data) + 16, 5, 4
        )  # PT_LOAD with a tail of .bss
        bodies += data
    identity = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    header = identity + struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, 0x08000001, 52, 0, 0, 52, 32, len(segments), 40, 0, 0
    )
    path.write_bytes(header + headers + bodies)
    return path


def test_segments_go_to_their_load_address_in_order(tmp_path: Path) -> None:
    elf = write_elf(
        tmp_path / "app.elf",
        [
            (0x20000000, 0x08000200, b"initial data"),
            (0x08000000, 0x08000000, b"code"),
            (0x20001000, 0x20001000, b""),
        ],
    )
    assert elf_segments(elf, LAYOUT) == [
        Segment(0x08000000, b"code"),
        Segment(0x08000200, b"initial data"),
    ]


@pytest.mark.parametrize("load", [0x0807FFFE, 0x08080000, 0x20000000])
def test_an_image_outside_the_firmwares_flash_is_refused(tmp_path: Path, load: int) -> None:
    elf = write_elf(tmp_path / "app.elf", [(load, load, b"code")])
    with pytest.raises(FirmwareTooBig, match=f"{load:#010x}"):
        elf_segments(elf, LAYOUT)


@pytest.mark.parametrize("content", [b"", b"not an ELF", b"\x7fELF"])
def test_no_elf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "app.elf"
    path.write_bytes(content)
    with pytest.raises(FlashError, match="cannot be read as an ELF"):
        elf_segments(path, LAYOUT)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FlashError, match="cannot be read"):
        elf_segments(tmp_path / "absent.elf", LAYOUT)
