"""The real firmware, really compiled: cache, reproducibility, and each way a build can fail."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tflm_hil.errors import FirmwareBuildError, FirmwareTooBig, ToolchainMissing
from tflm_hil.firmware_build.build import SOURCE_DIR, FirmwareImage, build

from tests.support.edited_firmware import EDITED, Edit, edited_firmware, firmware_with

FLASH_FOR_FIRMWARE = 512 * 1024


@pytest.fixture(scope="module")
def first() -> FirmwareImage:
    """The image of the sources where they are, built or from this machine's cache."""
    return build("nucleo_f746zg")


@dataclass(frozen=True)
class Elsewhere:
    """A build of a copy of the sources, from nothing."""

    sources: Path
    cache: Path
    image: FirmwareImage
    lines: list[str]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """At another path than the repository's, into a cache that is empty."""
    folder = tmp_path_factory.mktemp("somewhere")
    sources, cache = folder / "else", folder / "cache"
    shutil.copytree(SOURCE_DIR, sources, ignore=shutil.ignore_patterns("build*", "tests"))
    lines: list[str] = []
    image = build("nucleo_f746zg", source_dir=sources, cache_dir=cache, on_progress=lines.append)
    return Elsewhere(sources, cache, image, lines)


def again(elsewhere: Elsewhere, on_progress: Callable[[str], None] | None = None) -> FirmwareImage:
    return build(
        "nucleo_f746zg",
        source_dir=elsewhere.sources,
        cache_dir=elsewhere.cache,
        on_progress=on_progress,
    )


def test_the_second_build_comes_from_the_cache(elsewhere: Elsewhere) -> None:
    lines: list[str] = []
    first, second = elsewhere.image, again(elsewhere, lines.append)
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
    first: FirmwareImage, elsewhere: Elsewhere
) -> None:
    other = elsewhere.image
    assert other.elf != first.elf
    assert any("Linking" in line for line in elsewhere.lines)
    assert other.build_id == first.build_id
    assert other.elf.read_bytes() == first.elf.read_bytes()


def test_a_compiler_error_is_quoted_with_its_line_and_leaves_nothing_in_the_cache() -> None:
    name = "board/stm32f746/clock.cc"
    broken = (SOURCE_DIR / name).read_text() + "\nint nonsense = does_not_exist;\n"
    firmware_with({})  # what else is there to be built
    before = set(EDITED.glob("*/firmware.elf"))
    with pytest.raises(FirmwareBuildError) as raised:
        firmware_with({name: broken})
    assert f"clock.cc:{len(broken.splitlines())}" in raised.value.what
    assert "does_not_exist" in raised.value.what
    assert set(EDITED.glob("*/firmware.elf")) == before
    log = Path(raised.value.remedy.rsplit(" ", 1)[-1])
    assert "does_not_exist" in log.read_text()


def test_a_firmware_that_does_not_fit_says_by_how_many_bytes(first: FirmwareImage) -> None:
    too_much = FLASH_FOR_FIRMWARE - first.flash_bytes + 1000
    begin = "int main() {\n"
    ballast = f"static const volatile unsigned char ballast[{too_much}] = {{1}};\n\n"
    with pytest.raises(FirmwareTooBig) as raised:
        edited_firmware(Edit("app/main.cc", begin, f"{ballast}{begin}  (void)ballast[0];\n"))
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
def test_a_damaged_image_in_the_cache_is_built_again(elsewhere: Elsewhere, damage: str) -> None:
    first = elsewhere.image
    sound = first.elf.read_bytes()
    flipped = bytearray(sound)
    flipped[len(sound) // 20] ^= 0x10
    damaged = {"truncated": sound[:60_000], "flipped": bytes(flipped), "empty": b""}
    first.elf.write_bytes(damaged[damage])
    built = again(elsewhere)
    assert not built.cache_hit
    assert (built.build_id, built.elf) == (first.build_id, first.elf)
    assert built.elf.read_bytes() == sound
