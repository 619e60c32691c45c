"""What the compiler's flags say of the processor."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.boards.spec import board_files, load_spec
from tflm_hil.errors import ConfigurationError
from tflm_hil.firmware_build.core import Core
from tflm_hil.firmware_build.elf_attributes import ArchiveFacts, misfit

FIRMWARE = Path(__file__).parents[3] / "firmware"
M4 = "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard"


def facts(**attributes: str) -> ArchiveFacts:
    return ArchiveFacts("ARM", (("kernel.o", attributes),), "", frozenset())


def test_a_cortex_m4() -> None:
    core = Core.from_flags(M4)
    assert (core.architecture, core.unit, core.single_precision) == ("v7E-M", "VFPv4", True)
    assert core.make_arguments == "TARGET_ARCH=cortex-m4+fp FPU=fpv4-sp-d16"
    assert core.title == "Cortex-M4"


def test_without_an_fpu() -> None:
    core = Core.from_flags("-mcpu=cortex-m3 -mthumb")
    assert (core.architecture, core.unit, core.float_abi) == ("v7", "", "soft")
    assert core.make_arguments == "TARGET_ARCH=cortex-m3"


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ("-mthumb", "-mcpu="),
        ("-mcpu=cortex-m99", "-mcpu=cortex-m99"),
        ("-mcpu=cortex-m7 -mfpu=neon -mfloat-abi=hard", "-mfpu=neon"),
        ("-mcpu=cortex-m7 -mfloat-abi=hard", "-mfpu="),
        ("-mcpu=cortex-m7 -mfloat-abi=firm", "-mfloat-abi=firm"),
    ],
)
def test_flags_that_are_not_known(flags: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Core.from_flags(flags)
    assert complaint in caught.value.what
    assert "use one of" in caught.value.remedy


def test_a_library_is_held_against_the_core_of_the_board() -> None:
    library = facts(
        CPU_arch="v7E-M",
        FP_arch="VFPv4-D16",
        ABI_HardFP_use="SP only",
        ABI_VFP_args="VFP registers",
    )
    assert misfit(library, Core.from_flags(M4)) is None
    m7 = Core.from_flags("-mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard")
    problem = misfit(library, m7)
    assert problem is not None
    assert "for the FPU VFPv4-D16; the Cortex-M7 of this board has FPv5" in problem.what


def test_double_precision_is_welcome_where_the_core_has_it() -> None:
    library = facts(CPU_arch="v7E-M", FP_arch="FPv5/FP-D16 for ARMv8", ABI_VFP_args="VFP registers")
    flags = "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-d16 -mfloat-abi=hard"
    assert misfit(library, Core.from_flags(flags)) is None
    problem = misfit(library, Core.from_flags(flags.replace("fpv5-d16", "fpv5-sp-d16")))
    assert problem is not None
    assert "double-precision" in problem.what
    assert "FPU=fpv5-sp-d16" in problem.remedy


@pytest.mark.parametrize("board", board_files())
def test_the_board_file_has_the_flags_that_the_firmware_is_compiled_with(board: str) -> None:
    spec = load_spec(board, environment={})
    toolchain = FIRMWARE / "board" / spec.firmware_board / "toolchain.cmake"
    (included,) = (line for line in toolchain.read_text().splitlines() if "include(" in line)
    text = (toolchain.parent / included.split("}/")[1].rstrip(")")).read_text()
    assert spec.core is not None
    assert f'set(HIL_ARCHITECTURE_FLAGS "{spec.core.flags}")' in text
