"""What a failed build's output becomes. The outputs are recorded from real builds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.errors import FirmwareBuildError, FirmwareTooBig, ToolchainMissing
from tflm_hil.firmware_build.diagnosis import diagnose

LOG = Path("/cache/build.log")
LINKER_SCRIPT = Path(__file__).parents[3] / "firmware" / "board" / "stm32f746" / "stm32f746.ld"


def test_overflow_says_by_how_much_and_what_is_full() -> None:
    error = diagnose(
        "FAILED: bin/hil_app.elf\n"
        "ld: bin/hil_app.elf section `.rodata' will not fit in region `FLASH'\n"
        "ld: region `FLASH' overflowed by 80339 bytes\n"
        "collect2: error: ld returned 1 exit status\n",
        LOG,
    )
    assert isinstance(error, FirmwareTooBig)
    assert "too big by 80339 bytes" in error.what
    assert "flash" in error.what
    assert "FLASH" in error.what
    assert str(LOG) in error.remedy


def test_ram_overflow_names_the_ram() -> None:
    error = diagnose("ld: region `DTCM' overflowed by 512 bytes\n", LOG)
    assert isinstance(error, FirmwareTooBig)
    assert "by 512 bytes" in error.what
    assert "DTCM" in error.what


@pytest.mark.parametrize(
    ("sentence", "remedy"),
    [
        ("the tensor arena has less than 192 KB left", "shrink the .sram buffers"),
        ("DTCM has less than 4 KB left", "move them to .sram"),
    ],
)
def test_memory_squeezed_by_buffers_is_too_big_too(sentence: str, remedy: str) -> None:
    error = diagnose(f"/usr/bin/ld: {sentence}\n", LOG)
    assert isinstance(error, FirmwareTooBig)
    assert sentence in error.what
    assert remedy in error.remedy
    # as the linker script has it
    assert sentence in LINKER_SCRIPT.read_text()


def test_compiler_errors_are_shown_first_ones_only_without_the_noise() -> None:
    errors = [f"/src/app/main.cc:{line}:3: error: 'x{line}' was not declared" for line in range(9)]
    output = "[1/40] Building CXX object app/main.cc.obj\n" + "\n".join(errors) + "\nninja: stop.\n"
    error = diagnose(output, LOG)
    assert isinstance(error, FirmwareBuildError)
    assert "main.cc:0:3" in error.what
    assert "main.cc:3:3" in error.what
    assert "main.cc:4:3" not in error.what
    assert "[1/40]" not in error.what


def test_undefined_reference_is_shown() -> None:
    line = "ld: app/main.cc.obj: in function `main': main.cc:3: undefined reference to `Run()'"
    error = diagnose(f"[40/40] Linking\n{line}\ncollect2: error: ld returned 1 exit status\n", LOG)
    assert isinstance(error, FirmwareBuildError)
    assert "undefined reference to `Run()'" in error.what


def test_cmake_error_comes_with_its_explanation() -> None:
    error = diagnose(
        "-- Configuring\nCMake Error at CMakeLists.txt:50 (add_subdirectory):\n"
        '  add_subdirectory given source "engine/tflm" which is not an existing directory.\n',
        LOG,
    )
    assert isinstance(error, FirmwareBuildError)
    assert "not an existing directory" in error.what


def test_compiler_without_its_libraries_is_a_missing_package() -> None:
    cxx = diagnose("/s/a.cc:1:10: fatal error: cstdint: No such file or directory\n", LOG)
    c = diagnose("/s/a.cc:1:10: fatal error: string.h: No such file or directory\n", LOG)
    ours = diagnose("/s/a.cc:1:10: fatal error: app/x.h: No such file or directory\n", LOG)
    assert isinstance(cxx, ToolchainMissing)
    assert "libstdc++-arm-none-eabi-newlib" in cxx.remedy
    assert isinstance(c, ToolchainMissing)
    assert "libnewlib-arm-none-eabi" in c.remedy
    assert isinstance(ours, FirmwareBuildError)


def test_unknown_failure_shows_the_last_lines() -> None:
    error = diagnose("one\ntwo\n\nninja: fatal: out of memory\n", LOG)
    assert "out of memory" in error.what
