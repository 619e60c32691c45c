"""Collecting what the numbers of a run are true under (docs/decisions.md, rule 6)."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib import metadata

from tflm_hil.boards.spec import BoardSpec
from tflm_hil.firmware_build.build import FirmwareImage
from tflm_hil.link.messages import Hello
from tflm_hil.paths import REPOSITORY
from tflm_hil.probe.clock_tree import ClockTree
from tflm_hil.report.records import (
    BoardRecord,
    Circumstances,
    ClockRecord,
    ClockTreeRecord,
    FirmwareRecord,
    HostRecord,
)

# Distributions whose version can change a result; read from metadata, never imported.
PACKAGES = (
    "tflm-hil",
    "pyocd",
    "unicorn",
    "numpy",
    "tensorflow",
    "keras",
    "tf_keras",
    "tflite-micro",
)
HARDWARE_CYCLES = "dwt"


def collect(
    spec: BoardSpec,
    image: FirmwareImage,
    hello: Hello,
    *,
    probe_uid: str,
    tty: str,
    baud: int,
    cycle_model: str,
    tree: ClockTree | None,
) -> Circumstances:
    """All of it; `cycle_model` is empty on real hardware, `tree` None where it is not known."""
    return Circumstances(
        board=BoardRecord(spec.id, spec.product, spec.is_emulated, probe_uid, tty, baud),
        firmware=FirmwareRecord(
            build_id=hello.build_id,
            engine=hello.engine,
            engine_version=hello.engine_version,
            kernels=hello.kernels,
            compiler=hello.compiler,
            flags=hello.flags,
            flash_bytes=image.flash_bytes,
            ram_bytes=image.ram_bytes,
        ),
        clock=ClockRecord(
            core_hz=hello.core_clock_hz,
            flash_wait_states=hello.flash_wait_states,
            art=hello.art,
            icache=hello.icache,
            dcache=hello.dcache,
            cycle_source=cycle_model or HARDWARE_CYCLES,
            modelled=bool(cycle_model),
            serial_hz=hello.serial_clock_hz,
            tree=None if tree is None else ClockTreeRecord(**asdict(tree)),
        ),
        host=host(),
    )


@cache
def host() -> HostRecord:
    """This machine, its tools, and the state of the source when it was first asked for."""
    commit, dirty = git_state()
    return HostRecord(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        packages=_versions(PACKAGES, metadata.version),
        git_commit=commit,
        git_dirty=dirty,
    )


def _versions(names: tuple[str, ...], version: Callable[[str], str]) -> dict[str, str]:
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_state() -> tuple[str, bool]:
    """(commit, has uncommitted changes) of the source tree; ("", False) if it is not one."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(REPOSITORY), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return "", False
