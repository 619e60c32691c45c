"""What is, and what must not be, in the image for the NUCLEO-F746ZG."""

from __future__ import annotations

import re
import struct
import subprocess

import pytest
from elftools.elf.elffile import ELFFile
from tflm_hil.firmware_build.build import FirmwareImage, addr2line, build

FLASH_START = 0x0800_0000
FLASH_END = 0x0808_0000
STACK_START = 0x2000_0000
VECTORS = 16 + 98

# Allocation, formatted output, exceptions, the end of the program: each would mean that a hosted
# run-time library has crept in.
UNWANTED = re.compile(
    r"_?(malloc|free|realloc|calloc|sbrk)(_r)?|.*printf.*|_Zn[wa]j.*|__cxa_throw|__cxa_allocate.*"
    r"|_?exit|__libc_init_array|__cxa_demangle|.*assert_func"
)
# Run-time library calls for double arithmetic: the core has no instructions for it, and each costs
# up to a hundred cycles.
SOFT_DOUBLE = re.compile(r"__aeabi_(d\w+|[u]?[il]2d|f2d|cd\w+)")
# By its names, what the engine runs when a model is loaded and never in an inference.
AT_LOAD = re.compile(r"_Z.*\d(Prepare|Make)[A-Z]?")


@pytest.fixture(scope="module")
def image() -> FirmwareImage:
    return build("nucleo_f746zg")


@pytest.fixture(scope="module")
def symbols(image: FirmwareImage) -> dict[str, int]:
    with image.elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return {s.name: s["st_value"] for s in table.iter_symbols() if s.name}


@pytest.fixture(scope="module")
def flash(image: FirmwareImage) -> bytes:
    """What the probe programs from the start of the flash on."""
    with image.elf.open("rb") as stream:
        segments = [s for s in ELFFile(stream).iter_segments() if s["p_filesz"]]
        loaded = [s for s in segments if s["p_type"] == "PT_LOAD"]
        assert all(s["p_paddr"] >= FLASH_START for s in loaded)
        assert all(s["p_paddr"] + s["p_filesz"] <= FLASH_END for s in loaded)
        first = min(loaded, key=lambda s: int(s["p_paddr"]))
        assert first["p_paddr"] == FLASH_START
        return bytes(first.data())


def test_vectors_lead_to_start_up_and_every_exception_to_the_fault_handler(
    flash: bytes, symbols: dict[str, int]
) -> None:
    stack, reset, *handlers = struct.unpack(f"<{VECTORS}I", flash[: 4 * VECTORS])
    assert stack == symbols["__stack_top"]
    assert reset == symbols["Reset_Handler"]
    assert reset & 1, "the Thumb bit"
    reserved = {7, 8, 9, 10, 13}
    for number, handler in enumerate(handlers, start=2):
        assert handler == (0 if number in reserved else symbols["FaultEntry"]), number


def test_the_build_id_stands_behind_the_vectors(flash: bytes, image: FirmwareImage) -> None:
    note = flash[4 * VECTORS : 4 * VECTORS + 36]
    assert struct.unpack("<III", note[:12]) == (4, 20, 3)
    assert note[16:].hex() == image.build_id


def test_the_stack_is_lowest_so_that_its_overflow_leaves_the_ram(symbols: dict[str, int]) -> None:
    assert symbols["__stack_bottom"] == STACK_START
    assert symbols["__stack_top"] % 8 == 0


def test_the_fault_record_stands_above_what_flashing_overwrites(symbols: dict[str, int]) -> None:
    assert symbols["hil_surviving"] == 0x2000_FF00


def test_the_arena_is_aligned_and_shares_no_memory(symbols: dict[str, int]) -> None:
    assert symbols["__arena_start"] % 16 == 0
    assert symbols["__sram_end"] <= symbols["__arena_start"]
    assert symbols["__arena_end"] == symbols["__sram2_start"]


def test_neither_heap_nor_formatted_output_is_linked(symbols: dict[str, int]) -> None:
    assert [name for name in symbols if UNWANTED.fullmatch(name)] == []


@pytest.fixture(scope="module")
def listing(image: FirmwareImage) -> str:
    return subprocess.run(
        ["arm-none-eabi-objdump", "--disassemble", "--no-show-raw-insn", str(image.elf)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_no_double_precision_instruction(listing: str) -> None:
    assert "vadd.f32" in listing  # the listing is one
    assert [line for line in listing.splitlines() if ".f64" in line] == []


def test_software_double_only_while_loading_a_model(listing: str) -> None:
    calls: set[tuple[str, str]] = set()
    function = ""
    for line in listing.splitlines():
        if header := re.fullmatch(r"[0-9a-f]+ <(.+)>:", line):
            function = header[1]
        elif call := re.search(r"\t(?:bl|b(?:\.[nw])?)\t[0-9a-f]+ <([^+>]+)>", line):
            calls.add((function, call[1]))
    slow = {callee for _, callee in calls if SOFT_DOUBLE.fullmatch(callee)}
    assert slow, "scales are still computed in double"
    # A library function that calls them (floor, frexp) is as slow; it counts against its callers.
    while more := {f for f, callee in calls if callee in slow and not f.startswith("_Z")} - slow:
        slow |= more
    callers = {f for f, callee in calls if callee in slow and f.startswith("_Z")}
    assert {f for f in callers if not AT_LOAD.match(f)} == set()


def test_an_address_becomes_function_and_line(
    image: FirmwareImage, symbols: dict[str, int]
) -> None:
    place = addr2line(image.elf, symbols["main"])
    assert re.fullmatch(r"main at firmware/app/\w+\.cc:\d+", place)
    assert addr2line(image.elf, symbols["main"] | 1) == place
    assert addr2line(image.elf, 0x2000_0000) == "0x20000000 (no source line)"
