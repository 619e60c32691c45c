"""What the numbers of a run are true under, in words: board, firmware, clock tree, host, flash."""

from __future__ import annotations

from tflm_hil.report.records import Circumstances, ClockRecord, ClockTreeRecord, FlashRecord
from tflm_hil.report.render.wording import MISSING, duration, size


def flash_text(flash: tuple[FlashRecord, ...]) -> str:
    """What was written to flash in the whole run, by kind, in one phrase."""
    parts = []
    for what in dict.fromkeys(record.what for record in flash):
        records = [record for record in flash if record.what == what]
        written = sum(record.bytes for record in records)
        spent = sum(record.seconds for record in records)
        times = sum(record.bytes > 0 for record in records)
        if written == 0:
            parts.append(f"{what} already there, 0 bytes")
        else:
            often = f", {times} times" if times > 1 else ""
            parts.append(f"{what} {size(written)} in {duration(spent)}{often}")
    return " · ".join(parts)


def circumstance_lines(circumstances: Circumstances) -> list[tuple[str, str]]:
    """(label, text) pairs that say what the numbers of the run are true under."""
    board, firmware = circumstances.board, circumstances.firmware
    clock, host = circumstances.clock, circumstances.host
    source = (
        f"modelled ({clock.cycle_source}): counted by the emulator, not a hardware figure"
        if clock.modelled
        else f"measured on the chip ({clock.cycle_source})"
    )
    kernels = f", {firmware.kernels} kernels" if firmware.kernels else ""
    packages = ", ".join(f"{name} {version}" for name, version in host.packages.items())
    commit = host.git_commit[:10] + (" with uncommitted changes" if host.git_dirty else "")
    return [
        (
            "board",
            f"{board.name} · {board.mcu} · probe {board.probe_uid or MISSING} · "
            f"{board.tty} at {board.baud:,} baud",
        ),
        (
            "firmware",
            f"build {firmware.build_id[:12]} · engine {firmware.engine} "
            f"{firmware.engine_version}{kernels} · "
            f"{size(firmware.flash_bytes)} flash, {size(firmware.ram_bytes)} RAM",
        ),
        ("compiler", f"{firmware.compiler} {firmware.flags}".strip()),
        ("clock", clock_text(clock)),
        ("cycles", source),
        ("host", f"{host.system} · Python {host.python} · {packages}"),
        ("commit", commit or MISSING),
    ]


def clock_text(clock: ClockRecord) -> str:
    """Frequencies, where they come from, and what stands between core and memory."""
    switch = {True: "on", False: "off"}
    serial = f"USART {clock.serial_hz / 1e6:g} MHz · " if clock.serial_hz else ""
    text = (
        f"{clock.core_hz / 1e6:g} MHz · {serial}{clock.flash_wait_states} flash wait states · "
        f"ART {switch[clock.art]} · I-cache {switch[clock.icache]} · "
        f"D-cache {switch[clock.dcache]}"
    )
    return text if clock.tree is None else f"{text}\n{clock_tree_text(clock.tree, clock.core_hz)}"


def clock_tree_text(tree: ClockTreeRecord, core_hz: int) -> str:
    """`HSE 8 MHz (bypass) / M 8 * N 432 / P 2 = 216 MHz, Q 9 · AHB /1 · APB1 /4 · APB2 /2`.

    The registers know factors only: the frequency of the oscillator is what they make of the
    core's.
    """
    buses = (
        f"AHB /{tree.ahb_divider} · APB1 /{tree.apb1_divider} · APB2 /{tree.apb2_divider}"
        f" · over-drive {'on' if tree.over_drive else 'off'}"
    )
    sysclk_hz = core_hz * tree.ahb_divider
    if tree.source != "PLL":
        return f"{_oscillator(tree, tree.source, sysclk_hz)} · {buses}"
    input_hz = sysclk_hz * tree.pll_p * tree.pll_m / tree.pll_n
    return (
        f"{_oscillator(tree, tree.pll_source, input_hz)} / M {tree.pll_m} * N {tree.pll_n}"
        f" / P {tree.pll_p} = {sysclk_hz / 1e6:g} MHz, Q {tree.pll_q} · {buses}"
    )


def _oscillator(tree: ClockTreeRecord, name: str, hertz: float) -> str:
    bypass = " (bypass)" if name == "HSE" and tree.hse_bypass else ""
    return f"{name} {hertz / 1e6:g} MHz{bypass}"
