"""Numbers as words and short strings: shared by the terminal and the HTML report."""

from __future__ import annotations

from harness.report.records import (
    Circumstances,
    FlashRecord,
    Measurement,
    Rung,
    RunRecord,
    VariantRecord,
    Verdict,
)

MISSING = "–"  # noqa: RUF001 - an en dash, what tables use for "no value"

RUNG_MEANING = {
    "tflite": "conversion: quantisation and the exported graph",
    "tflm": "runtime: TFLite's kernels against TFLM's",
    "device": "target: compiler, kernels and hardware",
}


def size(count: int | None) -> str:
    """Bytes in the unit that data sheets use: 1 kB = 1024 bytes."""
    if count is None:
        return MISSING
    if count < 1024:
        return f"{count} B"
    if count < 10 * 1024:
        return f"{count / 1024:.1f} kB"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} kB"
    return f"{count / 1024 / 1024:.1f} MB"


def kilobytes(count: int | None) -> str:
    """Bytes as kB for a column that says so: three significant digits at most."""
    if count is None:
        return MISSING
    return f"{count / 1024:.1f}" if count < 10 * 1024 else f"{count / 1024:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share 0..1 as per cent without the sign; 100 only if it is really all."""
    if share is None:
        return MISSING
    text = f"{share * 100:.{digits}f}"
    if share < 1 and float(text) == 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return "100" if share == 1 else text


def real(value: float | None) -> str:
    """A difference in real units: three significant digits, 0 only if it is exactly 0."""
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    if value >= 0.01:
        return f"{value:.3f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def delta(rung: Rung | None) -> str:
    """The worst difference of a rung: LSB where there are any, else real units."""
    if rung is None or rung.max_abs is None:
        return MISSING
    if rung.max_lsb is not None:
        return f"{rung.max_lsb} LSB"
    return real(rung.max_abs)


def microseconds(cycles: int, core_hz: int) -> str:
    """Cycles as µs at the board's core clock."""
    value = cycles / core_hz * 1e6
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Wall time: 0.4 s, 41 s, 3 min 05 s."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{int(seconds + 0.5) // 60} min {int(seconds + 0.5) % 60:02d} s"


def rung_of(variant: VariantRecord, name: str) -> Rung | None:
    """The rung of that name, if the variant came so far."""
    return next((rung for rung in variant.rungs if rung.name == name), None)


def widest_rung(variant: VariantRecord) -> Rung | None:
    """The rung with the largest difference from the one before: where the error enters."""
    compared = [rung for rung in variant.rungs if rung.max_abs is not None]
    return max(compared, key=lambda rung: rung.max_abs or 0.0, default=None)


def quantity(measurement: Measurement) -> str:
    """Value and unit: `0 values`, `1.2e-07`, `97.2 %`."""
    value = measurement.value
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
    return f"{number} {measurement.unit}".strip()


def limit_text(measurement: Measurement) -> str:
    """The limit with its relation: `≤ 0`."""
    if measurement.limit is None:
        return ""
    sign = "≤" if measurement.limit.relation == "<=" else "≥"
    return f"{sign} {measurement.limit.bound:g}"


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
    switch = {True: "on", False: "off"}
    source = (
        f"modelled ({clock.cycle_source}): counted by the emulator, not a hardware figure"
        if clock.modelled
        else f"measured on the chip ({clock.cycle_source})"
    )
    kernels = f", {firmware.kernels} kernels" if firmware.kernels else ""
    serial = f"USART {clock.serial_hz / 1e6:g} MHz · " if clock.serial_hz else ""
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
        (
            "clock",
            f"{clock.core_hz / 1e6:g} MHz · {serial}{clock.flash_wait_states} flash wait states · "
            f"ART {switch[clock.art]} · I-cache {switch[clock.icache]} · "
            f"D-cache {switch[clock.dcache]}",
        ),
        ("cycles", source),
        ("host", f"{host.system} · Python {host.python} · {packages}"),
        ("commit", commit or MISSING),
    ]


def closing_line(run: RunRecord) -> str:
    """Counts and times of the run in one line."""
    sequences = sum(variant.sequences for variant in run.variants)
    by_verdict = {
        verdict: sum(variant.verdict is verdict for variant in run.variants) for verdict in Verdict
    }
    parts = [f"{len(run.variants)} variants"]
    parts += [
        f"{by_verdict[verdict]} {word}"
        for verdict, word in (
            (Verdict.PASS, "passed"),
            (Verdict.FAIL, "failed"),
            (Verdict.ERROR, "with an error"),
        )
        if by_verdict[verdict]
    ]
    parts.append(f"{sequences:,} sequences")
    parts.append(duration(run.seconds))
    streaming = sum(v.link.board_seconds or 0.0 for v in run.variants if v.link is not None)
    if run.device_busy_seconds is not None and streaming > 0:
        share = percent(run.device_busy_seconds / streaming, 0)
        parts.append(f"device busy {share} % of {duration(streaming)} streaming on its own clock")
    return " · ".join(parts)
