"""A finished firmware image, and what its ELF says about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection, SymbolTableSection

from tflm_hil.errors import FirmwareBuildError


@dataclass(frozen=True)
class FirmwareImage:
    """What `build()` returns. Sizes in bytes.

    `flash_bytes` is what a probe programs. `ram_bytes` is the statically allocated memory, stack
    and buffers included; the tensor arena (`arena_bytes`) takes what is left and does not count.
    `cache_hit` is True if nothing had to be compiled.
    """

    elf: Path
    build_id: str
    flash_bytes: int
    ram_bytes: int
    arena_bytes: int
    board: str
    engine: str
    cache_hit: bool
    log: Path


@dataclass(frozen=True)
class ElfFacts:
    """What is read from the ELF. `build_id` is hexadecimal, empty if the linker made none."""

    build_id: str
    flash_bytes: int
    ram_bytes: int
    arena_bytes: int


def read_elf(elf: Path) -> ElfFacts:
    """Build-id and sizes.

    Raises FirmwareBuildError if the file is no ELF.
    """
    try:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            return ElfFacts(
                build_id=_build_id(file),
                flash_bytes=_programmed_bytes(file),
                ram_bytes=_static_ram_bytes(file),
                arena_bytes=_symbol(file, "__arena_end") - _symbol(file, "__arena_start"),
            )
    except Exception as error:  # pyelftools raises its own, struct's and construct's errors
        raise FirmwareBuildError(
            f"{elf} cannot be read as a firmware image: {error}",
            remedy="name an ELF that is linked as firmware/ does it",
        ) from error


def _build_id(file: ELFFile) -> str:
    for section in file.iter_sections():
        if isinstance(section, NoteSection):
            for note in section.iter_notes():
                if note["n_type"] == "NT_GNU_BUILD_ID":
                    return str(note["n_desc"])
    return ""


def _programmed_bytes(file: ELFFile) -> int:
    return sum(s["p_filesz"] for s in file.iter_segments() if s["p_type"] == "PT_LOAD")


def _static_ram_bytes(file: ELFFile) -> int:
    writable = SH_FLAGS.SHF_ALLOC | SH_FLAGS.SHF_WRITE
    return sum(s["sh_size"] for s in file.iter_sections() if s["sh_flags"] & writable == writable)


def _symbol(file: ELFFile, name: str) -> int:
    table = file.get_section_by_name(".symtab")
    symbols = table.get_symbol_by_name(name) if isinstance(table, SymbolTableSection) else None
    return int(symbols[0]["st_value"]) if symbols else 0
