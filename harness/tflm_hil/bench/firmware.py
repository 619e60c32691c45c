"""The firmware image that a run is about: built for the board, or the one that was named."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tflm_hil.bench.variants import variants
from tflm_hil.boards.spec import BoardSpec
from tflm_hil.errors import ConfigurationError, CorruptModel
from tflm_hil.firmware_build.build import FirmwareImage, build
from tflm_hil.firmware_build.image import read_elf
from tflm_hil.firmware_build.tflm_tree import inspect_tree
from tflm_hil.options import RunConfig
from tflm_hil.report.render.progress import Progress
from tflm_hil.vocabulary import Engine


def firmware_under_test(config: RunConfig, spec: BoardSpec, progress: Progress) -> FirmwareImage:
    """Build the firmware (from the cache if nothing changed), or read `--hil-firmware`.

    Raises ToolchainMissing, FirmwareBuildError, FirmwareTooBig, TflmTreeInvalid,
    ConfigurationError.
    """
    if config.firmware is not None:
        return existing_image(config.firmware, spec)
    tflm = None
    if config.engine == Engine.TFLM:
        assert config.tflm_root is not None  # options.py checked it
        tflm = inspect_tree(config.tflm_root, spec.core)
        progress.say(tflm.description)
    announced = False

    def announce(_: str) -> None:
        # CMake says something: so the image was not in the cache, and this takes a while.
        nonlocal announced
        if not announced:
            announced = True
            progress.say(f"building the firmware for {spec.firmware_board}")

    return build(
        board=spec.firmware_board,
        engine=config.engine,
        tflm=tflm,
        operators=_operators_of_models(config) if config.tflm_operators == "used" else None,
        on_progress=announce,
    )


def _operators_of_models(config: RunConfig) -> set[str]:
    used: set[str] = set()
    for variant in variants(config):
        with suppress(CorruptModel):  # for the device to refuse
            used |= variant.inspection().operator_counts.keys()
    return used


def existing_image(elf: Path, spec: BoardSpec) -> FirmwareImage:
    """A finished ELF. It must carry a build-id: without one, what runs is unknown.

    Raises FirmwareBuildError if it is no ELF, ConfigurationError if it has no build-id.
    """
    facts = read_elf(elf)
    if not facts.build_id:
        raise ConfigurationError(
            f"--hil-firmware {elf} has no GNU build-id",
            remedy="link it with -Wl,--build-id=sha1, as firmware/ does",
        )
    return FirmwareImage(
        elf=elf,
        build_id=facts.build_id,
        flash_bytes=facts.flash_bytes,
        ram_bytes=facts.ram_bytes,
        arena_bytes=facts.arena_bytes,
        board=spec.firmware_board,
        engine="as built",
        cache_hit=True,
        log=elf,
    )
