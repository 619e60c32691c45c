"""The real firmware, really compiled: cache, reproducibility, and each way a build can fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tflm_hil.errors import FirmwareBuildError, FirmwareTooBig, ToolchainMissing
from tflm_hil.firmware_build.build import SOURCE_DIR, FirmwareImage, build

FLASH_FOR_FIRMWARE = 512 * 1024


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def first(cache: Path) -> FirmwareImage:
    return build("nucleo_f746zg", cache_dir=cache)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy that a test may spoil, at another path than the repository's."""
    copy = tmp_path / "somewhere" / "else"
    shutil.copytree(SOURCE_DIR, copy, ignore=shutil.ignore_patterns("build*", "tests"))
    return copy


def test_the_second_build_comes_from_the_cache(first: FirmwareImage, cache: Path) -> None:
    lines: list[str] = []
    second = build("nucleo_f746zg", cache_dir=cache, on_progress=lines.append)
    assert not first.cache_hit
    assert second.cache_hit
    assert lines == []
    assert (second.build_id, second.elf) == (first.build_id, first.elf)


def test_sizes_are_those_of_a_firmware(first: FirmwareImage) -> None:
    assert len(bytes.fromhex(first.build_id)) == 20
    assert 16 * 1024 < first.flash_bytes < FLASH_FOR_FIRMWARE
    assert first.arena_bytes >= 192 * 1024
    assert first.ram_bytes + first.arena_bytes <= 320 * 1024
    assert "Linking CXX executable" in first.log.read_text()


def test_the_same_sources_elsewhere_give_the_same_build_id(
    first: FirmwareImage, sources: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    other = build(
        "nucleo_f746zg", source_dir=sources, cache_dir=tmp_path / "cache", on_progress=lines.append
    )
    assert not other.cache_hit
    assert any("Linking" in line for line in lines)
    assert other.build_id == first.build_id
    assert other.elf.read_bytes() == first.elf.read_bytes()


def test_a_compiler_error_is_quoted_with_its_line_and_leaves_nothing_in_the_cache(
    sources: Path, tmp_path: Path
) -> None:
    broken = sources / "board" / "stm32f746" / "clock.cc"
    broken.write_text(broken.read_text() + "\nint nonsense = does_not_exist;\n")
    line = len(broken.read_text().splitlines())
    with pytest.raises(FirmwareBuildError) as raised:
        build("nucleo_f746zg", source_dir=sources, cache_dir=tmp_path / "cache")
    assert f"clock.cc:{line}" in raised.value.what
    assert "does_not_exist" in raised.value.what
    assert not list((tmp_path / "cache").glob("*/firmware.elf"))
    log = Path(raised.value.remedy.rsplit(" ", 1)[-1])
    assert "does_not_exist" in log.read_text()


def test_a_firmware_that_does_not_fit_says_by_how_many_bytes(
    first: FirmwareImage, cache: Path
) -> None:
    too_much = FLASH_FOR_FIRMWARE - first.flash_bytes + 1000
    with pytest.raises(FirmwareTooBig) as raised:
        build("nucleo_f746zg", cache_dir=cache, definitions={"HIL_BALLAST_BYTES": str(too_much)})
    excess = int(raised.value.what.split("too big by ")[1].split()[0])
    assert 1000 <= excess < 1100  # alignment of the planted array
    assert "FLASH" in raised.value.what


def test_without_compiler_the_error_comes_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for tool in ("cmake", "ninja"):
        path = shutil.which(tool)
        assert path is not None
        (tmp_path / tool).symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainMissing, match="arm-none-eabi-gcc"):
        build("nucleo_f746zg", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_image_in_the_cache_is_built_again(
    first: FirmwareImage, cache: Path, damage: str
) -> None:
    sound = first.elf.read_bytes()
    flipped = bytearray(sound)
    flipped[len(sound) // 20] ^= 0x10
    damaged = {"truncated": sound[:60_000], "flipped": bytes(flipped), "empty": b""}
    first.elf.write_bytes(damaged[damage])
    again = build("nucleo_f746zg", cache_dir=cache)
    assert not again.cache_hit
    assert (again.build_id, again.elf) == (first.build_id, first.elf)
    assert again.elf.read_bytes() == sound
