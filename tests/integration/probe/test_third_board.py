"""A third board, made up: another slot in another sector. All that knows of it is its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.bench.slotfuls import Slotfuls
from tflm_hil.boards.provider import probe_settings
from tflm_hil.boards.spec import BoardSpec, Overrides, load_spec
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.errors import ConfigurationError, FirmwareTooBig, ModelTooBig
from tflm_hil.firmware_build.build import FirmwareImage
from tflm_hil.models.slot.slot import HEADER_BYTES, SlotEntry
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.options import SHIPPED_ZOO
from tflm_hil.probe.flash import elf_segments
from tflm_hil.probe.probe import Probe

from tests.support.boards import FLASH

SECTOR_5, SECTOR_6 = 0x0804_0000, 0x0808_0000
SECTOR_BYTES = 0x4_0000
MODEL = SlotEntry("model", bytes(range(256)) * 30)


def third_board(tmp_path: Path, **flash: int) -> BoardSpec:
    """Models in sector 5, the firmware in the sectors before it."""
    layout = {"firmware_bytes": SECTOR_BYTES, "slot_address": SECTOR_5, "slot_bytes": SECTOR_BYTES}
    lines = [f"flash.{key} = {value:#x}" for key, value in (layout | flash).items()]
    config = tmp_path / "hil.toml"
    head = '[boards.third]\nbase = "nucleo-f746zg-emulated"\nproduct = "THIRD"\n'
    config.write_text(head + "\n".join(lines) + "\n")
    return load_spec("third", Overrides(config=config), {})


@pytest.fixture
def probe(emulator: EmulatorProcess, tmp_path: Path) -> Probe:
    return Probe(probe_settings(third_board(tmp_path), emulator.uid))


def test_its_models_go_to_its_own_sector(probe: Probe, emulator: EmulatorProcess) -> None:
    emulator.control({"set": "blank"})
    result = probe.store_models([MODEL])
    assert result.bytes == len(MODEL.header() + MODEL.payload())
    assert probe.read_memory(SECTOR_5, HEADER_BYTES) == MODEL.header()
    assert probe.read_memory(SECTOR_6, 4) == b"\xff" * 4
    directory = probe.slot_directory(check_models=True)
    assert [model.name for model in directory.models] == ["model"]
    assert directory.slot_bytes == SECTOR_BYTES
    assert probe.erase_slot().erased_sectors == 1
    assert probe.slot_directory().models == ()


def test_its_firmware_leaves_its_models_alone(probe: Probe, firmware: FirmwareImage) -> None:
    probe.store_models([MODEL])
    probe.flash_firmware(firmware.elf)
    assert [model.name for model in probe.slot_directory(check_models=True).models] == ["model"]


def test_what_fits_the_other_boards_does_not_fit_this_one(
    probe: Probe, firmware: FirmwareImage, tmp_path: Path
) -> None:
    with pytest.raises(ModelTooBig, match="262,144"):
        probe.store_models([SlotEntry("large", bytes(SECTOR_BYTES))])
    small = third_board(tmp_path, firmware_bytes=0x2_0000)
    with pytest.raises(FirmwareTooBig, match=r"the firmware has 0x08000000\.\.0x0801ffff"):
        elf_segments(firmware.elf, small.flash)


def test_a_slot_within_a_sector_is_refused_before_it_is_erased(
    emulator: EmulatorProcess, tmp_path: Path
) -> None:
    spec = third_board(tmp_path, slot_address=SECTOR_5 + 0x1_0000, slot_bytes=0x1_0000)
    probe = Probe(probe_settings(spec, emulator.uid))
    before = probe.read_memory(SECTOR_5, 256)
    with pytest.raises(ConfigurationError, match="whole flash sectors"):
        probe.erase_slot()
    assert probe.read_memory(SECTOR_5, 256) == before


def test_the_zoo_is_cut_for_its_slot(tmp_path: Path) -> None:
    zoo = [v for model in load_zoo(SHIPPED_ZOO) for v in model.variants if not v.left_out]
    slot_bytes = third_board(tmp_path).flash.slot_bytes
    plan = Slotfuls(zoo, slot_bytes)
    groups: dict[int, list[int]] = {}
    for variant in zoo:
        groups.setdefault(plan.number(variant), []).append(variant.size_bytes)
    assert all(sum(sizes) <= slot_bytes for sizes in groups.values() if len(sizes) > 1)
    assert len(groups) > plan_for_the_base(zoo)


def plan_for_the_base(zoo: list[Variant]) -> int:
    plan = Slotfuls(zoo, FLASH.slot_bytes)
    return len({plan.number(variant) for variant in zoo})
