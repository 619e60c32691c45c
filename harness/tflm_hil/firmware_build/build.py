"""Builds the firmware with CMake, once per content.

    image = build("nucleo_f746zg")                   # firmware/board/nucleo_f746zg, builtin engine
    image.build_id                                   # what HELLO must state
    addr2line(image.elf, fault.pc)                   # "Invoke at firmware/engine/…:123"

Everything that can change the image goes into a key (`content_key`); an image with that key is
taken from `<user cache>/tflm-hil/firmware/<key>/` without starting CMake. Otherwise CMake and
Ninja build in a directory that is kept per configuration, so that a changed file costs its own
compilation only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from filelock import FileLock

from tflm_hil import scratch
from tflm_hil.errors import FirmwareBuildError, UnknownBoard
from tflm_hil.files import stored
from tflm_hil.firmware_build.content_key import content_key
from tflm_hil.firmware_build.diagnosis import diagnose
from tflm_hil.firmware_build.image import FirmwareImage, read_elf
from tflm_hil.firmware_build.source_lines import addr2line
from tflm_hil.firmware_build.tflm_tree import TflmTree
from tflm_hil.firmware_build.toolchain import Toolchain, find_toolchain
from tflm_hil.paths import REPOSITORY, made
from tflm_hil.paths import cache_dir as cache_folder

__all__ = ["FirmwareImage", "addr2line", "build"]

SOURCE_DIR = REPOSITORY / "firmware"
_IMAGES_KEPT = 24  # more than the tests make in one place
_APP = "hil_app"
_ELF = "firmware.elf"
_DIGEST = "firmware.sha256"
# They would get into the compilation without being part of the key.
_FOREIGN_VARIABLES = ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CC", "CXX", "ASMFLAGS")


def build(  # noqa: PLR0913
    board: str,
    engine: str = "builtin",
    *,
    tflm: TflmTree | None = None,
    operators: Collection[str] | None = None,
    definitions: Mapping[str, str] | None = None,
    target: str = _APP,
    source_dir: Path = SOURCE_DIR,
    cache_dir: Path | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> FirmwareImage:
    """The firmware image of these sources, compiled only if it is not in the cache.

    `tflm` is the tree of the tflm engine, `operators` the names of those to link from it (None:
    all that the library has). `target` is another program than the firmware, of the desktop only.
    `definitions` are further CMake cache variables; `on_progress` gets
    each line of CMake's and Ninja's output ("[12/40] Building CXX object …"), all of which is kept
    in `image.log`.

    Raises UnknownBoard, ToolchainMissing, FirmwareTooBig (says by how much, and what is full) and
    FirmwareBuildError (with the first errors of the compiler).
    """
    _check_sources(source_dir, board)
    toolchain = find_toolchain(board)
    cache = cache_dir or cache_folder("firmware")
    variables = {"HIL_ENGINE": engine, **(definitions or {})}
    if tflm is not None:
        variables |= tflm.cmake_variables(operators)

    def current_key() -> str:
        return content_key(
            source_dir,
            board=board,
            engine=engine,
            compiler_version=toolchain.cxx_version,
            tflm_digest=tflm.digest if tflm is not None else "",
            definitions=variables if target == _APP else {**variables, "target": target},
        )

    build_dir = cache / _build_directory_name(board, source_dir, variables)
    made(cache)
    with stored(cache), FileLock(f"{build_dir}.lock"):
        key = current_key()
        hit = _is_intact(cache / key)
        if not hit:
            log = build_dir.with_suffix(".log")
            _compile(toolchain, board, target, variables, source_dir, build_dir, log, on_progress)
            if current_key() != key:
                raise FirmwareBuildError(
                    "The firmware's sources changed while they were compiled.",
                    remedy="run again when they are saved",
                )
            _keep(build_dir / "bin" / _executable(board, target), log, cache / key)
            _forget_old_images(cache)
        finished = cache / key
        os.utime(finished)  # used now: the last to be forgotten
    facts = read_elf(finished / _ELF)
    return FirmwareImage(
        elf=finished / _ELF,
        build_id=facts.build_id,
        flash_bytes=facts.flash_bytes,
        ram_bytes=facts.ram_bytes,
        arena_bytes=facts.arena_bytes,
        board=board,
        engine=engine,
        cache_hit=hit,
        log=finished / "build.log",
    )


def _check_sources(source_dir: Path, board: str) -> None:
    if not (source_dir / "CMakeLists.txt").is_file():
        raise FirmwareBuildError(
            f"There are no firmware sources in {source_dir}.",
            remedy="run from a clone of the repository, installed with `pip install --editable .`",
        )
    boards = sorted(path.parent.name for path in source_dir.glob("board/*/CMakeLists.txt"))
    if board not in boards:
        raise UnknownBoard(
            f"No firmware board is called {board!r}.", remedy=f"use one of: {', '.join(boards)}"
        )


def _build_directory_name(board: str, source_dir: Path, variables: Mapping[str, str]) -> str:
    # Another version of the same library is one link in the same directory.
    lasting = {name: value for name, value in variables.items() if name != "HIL_TFLM_VERSION"}
    settings = [str(source_dir), *(f"{name}={value}" for name, value in sorted(lasting.items()))]
    return f"build-{board}-{hashlib.sha256(chr(0).join(settings).encode()).hexdigest()[:12]}"


def _executable(board: str, target: str) -> str:
    return target if board == "posix" else f"{target}.elf"


def _compile(
    toolchain: Toolchain,
    board: str,
    target: str,
    variables: Mapping[str, str],
    source_dir: Path,
    build_dir: Path,
    log: Path,
    on_progress: Callable[[str], None] | None,
) -> None:
    configure = [toolchain.cmake, "-S", str(source_dir), "-B", str(build_dir), "-G", "Ninja"]
    configure += [f"-DHIL_BOARD={board}", "-DCMAKE_BUILD_TYPE=Release"]
    configure += [f"-D{name}={value}" for name, value in variables.items()]
    compile_all = [toolchain.cmake, "--build", str(build_dir), "--target", target]
    output = ""
    for command in (configure, compile_all):
        code, text = _run(command, source_dir, on_progress)
        output += f"$ {' '.join(command)}\n{text}"
        log.write_text(output)
        if code != 0:
            raise diagnose(text, log)


def _run(
    command: list[str], directory: Path, on_progress: Callable[[str], None] | None
) -> tuple[int, str]:
    """Exit code and merged output."""
    environment = {k: v for k, v in os.environ.items() if k not in _FOREIGN_VARIABLES}
    environment |= {"LC_ALL": "C", "NINJA_STATUS": "[%f/%t] ", **scratch.mark()}
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if on_progress is not None:
                on_progress(line.rstrip())
    return process.returncode, "".join(lines)


def _is_intact(finished: Path) -> bool:
    """Whether the cached image is there as it was built: a damaged one must never be flashed."""
    try:
        digest = hashlib.sha256((finished / _ELF).read_bytes()).hexdigest()
        return digest == (finished / _DIGEST).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return False


def _keep(elf: Path, log: Path, finished: Path) -> None:
    """Moves a complete directory into place, so that a killed run leaves no half image."""
    partial = finished.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    shutil.copy2(elf, partial / _ELF)
    (partial / _DIGEST).write_text(hashlib.sha256(elf.read_bytes()).hexdigest() + "\n")
    shutil.copy2(log, partial / "build.log")
    shutil.rmtree(finished, ignore_errors=True)
    partial.rename(finished)


def _forget_old_images(cache: Path) -> None:
    images = [path.parent for path in cache.glob("*/firmware.elf")]
    by_use = sorted(images, key=lambda path: path.stat().st_mtime, reverse=True)
    for image in by_use[_IMAGES_KEPT:]:
        with contextlib.suppress(OSError):
            shutil.rmtree(image)
