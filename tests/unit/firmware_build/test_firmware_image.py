"""Files that are no firmware are refused with an error that says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.errors import FirmwareBuildError, UnknownBoard
from tflm_hil.firmware_build.build import build
from tflm_hil.firmware_build.image import read_elf


@pytest.mark.parametrize("content", [b"", b"not an ELF", b"\x7fELF" + b"\xff" * 60])
def test_a_damaged_elf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "firmware.elf"
    path.write_bytes(content)
    with pytest.raises(FirmwareBuildError, match="cannot be read"):
        read_elf(path)


def test_unknown_board_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownBoard) as raised:
        build("nucleo_h743zi", cache_dir=tmp_path)
    assert "nucleo_f746zg" in raised.value.remedy


def test_without_sources_says_where_they_come_from(tmp_path: Path) -> None:
    with pytest.raises(FirmwareBuildError, match="no firmware sources") as raised:
        build("nucleo_f746zg", source_dir=tmp_path, cache_dir=tmp_path)
    assert "clone" in raised.value.remedy
