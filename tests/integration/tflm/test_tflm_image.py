"""The firmware with TFLM in it: no heap, no printf, and another build for another library."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from tflm_hil.boards.spec import load_spec
from tflm_hil.firmware_build.build import FirmwareImage, build
from tflm_hil.firmware_build.tflm_tree import TflmTree, inspect_tree

UNWANTED = re.compile(
    r"_?(malloc|free|realloc|calloc|sbrk)(_r)?|_?v?s?n?f?printf(_r)?|_Zn[wa]j.*|__cxa_throw"
)
DIGITS = {"UNIDIRECTIONAL_SEQUENCE_LSTM", "FULLY_CONNECTED", "SOFTMAX", "STRIDED_SLICE"}


@pytest.fixture(scope="module")
def image(tree: TflmTree) -> FirmwareImage:
    return build("nucleo_f746zg", engine="tflm", tflm=tree)


def test_neither_heap_nor_formatted_output_is_linked(image: FirmwareImage) -> None:
    with image.elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        names = {
            symbol.name for symbol in table.iter_symbols() if symbol["st_shndx"] != "SHN_UNDEF"
        }
    assert any("MicroInterpreter" in name for name in names)
    assert not sorted(name for name in names if UNWANTED.fullmatch(name))


def test_operators_of_the_models_make_a_smaller_image(image: FirmwareImage, tree: TflmTree) -> None:
    small = build("nucleo_f746zg", engine="tflm", tflm=tree, operators=DIGITS)
    print(f"flash: {image.flash_bytes:,} bytes with all operators, {small.flash_bytes:,} with used")
    assert small.flash_bytes < image.flash_bytes - 100_000
    assert small.build_id != image.build_id


def test_another_library_is_another_build(
    image: FirmwareImage, tree: TflmTree, tmp_path: Path
) -> None:
    """Also one whose difference does not reach the image: the report names what was given."""
    source = tree.include_dirs[0]
    for folder in ("tensorflow", "signal", "third_party"):
        if (source / folder).is_dir():
            (tmp_path / folder).symlink_to(source / folder)
    library = tmp_path / "lib" / tree.library.name
    library.parent.mkdir()
    shutil.copy2(tree.library, library)
    (tmp_path / "note.c").write_text("const int note = 1;\n")
    flags = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"]
    member = tmp_path / "note.o"
    command = ["arm-none-eabi-gcc", *flags, "-c", str(tmp_path / "note.c"), "-o", str(member)]
    subprocess.run(command, check=True)
    subprocess.run(["arm-none-eabi-ar", "-r", str(library), str(member)], check=True)
    changed = inspect_tree(tmp_path, load_spec("nucleo-f746zg").core)
    other = build("nucleo_f746zg", engine="tflm", tflm=changed)
    assert other.build_id != image.build_id
    assert build("nucleo_f746zg", engine="tflm", tflm=tree).build_id == image.build_id
    assert build("nucleo_f746zg").build_id not in (image.build_id, other.build_id)
