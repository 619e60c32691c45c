"""Numbers as words and short strings: shared by the terminal and the HTML report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harness.report.entries import ACCURACY, RMSE, entries, rung_names, rung_of, rung_title
from harness.report.records import (
    Circumstances,
    ClockRecord,
    ClockTreeRecord,
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


def rmse(value: float | None) -> str:
    """An error to the true values: four significant digits, enough to see a rung move."""
    if value is None:
        return MISSING
    if 0 < value < 1e-3:
        return real(value)
    return f"{value:.4f}" if 0 < value < 10 else f"{value:.4g}"


def count(value: float | None) -> str:
    """A whole number with thousands separated; small means keep one decimal."""
    if value is None:
        return MISSING
    return f"{value:,.1f}" if value < 100 and not float(value).is_integer() else f"{value:,.0f}"


def plural(number: int, one: str, many: str = "") -> str:
    """`1 variant`, `2 variants`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def spread(values: Iterable[float | None], text: Callable[[Any], str]) -> str:
    """The smallest and the largest of those that there are: `2,265 … 43,972`."""
    found = [value for value in values if value is not None]
    if not found:
        return MISSING
    low, high = text(min(found)), text(max(found))
    return low if low == high else f"{low} … {high}"


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


def legend_lines(run: RunRecord, *, by_entry: bool = False) -> list[str]:
    """What the headings of the zoo table mean, or of that with a line an entry."""
    measures = {entry.measure for entry in entries(run)} - {""}
    lines = []
    if measures:
        meaning = {
            ACCURACY: "accuracy %: share of decisions that are the label's",
            RMSE: "RMSE: root mean square error against the labels, unit of the output",
        }
        lines.append("; ".join(meaning[name] for name in (ACCURACY, RMSE) if name in measures))
    if not rung_names(run.variants):
        return lines
    if by_entry:
        lines.append(
            "board worst: of all variants; differing: outputs of integer variants that are not"
            " those of desktop TFLM"
        )
        return lines + _source_line(run)
    lines += [
        "board vs TFLM: the board against desktop TFLM on the same inputs, worst of all outputs",
        "largest step: where the largest difference enters on the way "
        + " → ".join(rung_title(name) for name in rung_names(run.variants)),
    ]
    return lines + _source_line(run)


def _source_line(run: RunRecord) -> list[str]:
    if run.circumstances is None or not run.circumstances.clock.modelled:
        return []
    source = run.circumstances.clock.cycle_source
    return [f"~ cycles and times are modelled by the emulator ({source})"]


def verdict_word(run: RunRecord) -> str:
    """The verdict of the run; one that learned nothing says so."""
    return "NOTHING MEASURED" if run.verdict is Verdict.NONE else str(run.verdict).upper()


def closing_line(run: RunRecord) -> str:
    """Counts and times of the run in one line."""
    sequences = sum(variant.sequences for variant in run.variants)
    by_verdict = {
        verdict: sum(variant.verdict is verdict for variant in run.variants) for verdict in Verdict
    }
    parts = [
        f"{plural(len(run.variants), 'variant')} of {plural(len(entries(run)), 'entry', 'entries')}"
        if run.variants
        else "no variant measured"
    ]
    parts += [
        f"{by_verdict[verdict]} {word}"
        for verdict, word in (
            (Verdict.PASS, "passed"),
            (Verdict.FAIL, "failed"),
            (Verdict.ERROR, "with an error"),
            (Verdict.NONE, "without a limit"),
        )
        if by_verdict[verdict]
    ]
    if run.left_out:
        parts.append(f"{len(run.left_out)} left out")
    if not run.variants and run.tests.passed:
        parts.append(f"{plural(run.tests.passed, 'test')} passed")
    tests = run.tests.failed + run.tests.errors
    if tests and run.verdict in (Verdict.FAIL, Verdict.ERROR):
        parts.append(f"{plural(tests, 'test')} failed")
    if sequences:
        parts.append(f"{sequences:,} sequences")
    parts.append(duration(run.seconds))
    return " · ".join(parts)


def equality_line(run: RunRecord) -> str:
    """How far the board is from desktop TFLM over the whole run; empty if nothing was compared."""
    found = [(v, rung) for v in run.variants if (rung := rung_of(v, "device")) is not None]
    integers = [(v, rung) for v, rung in found if rung.max_lsb is not None]
    floats = [
        rung.max_abs for _, rung in found if rung.max_lsb is None and rung.max_abs is not None
    ]
    parts = []
    if integers:
        differing = sum(rung.differing or 0 for _, rung in integers)
        values = sum(rung.values or 0 for _, rung in integers)
        parts.append(
            f"{differing:,} of {values:,} outputs of {plural(len(integers), 'integer variant')}"
            " differ"
        )
        steps = _values(integers, "device.output.", "device.state.")
        if steps:
            parts.append(f"{sum(steps):,.0f} outputs and states of their single steps")
        long = _values(integers, "drift.differing")
        if long:
            told = plural(len(long), "variant")
            parts.append(f"{sum(long):,.0f} in long sequences without a reset ({told})")
    if floats:
        parts.append(f"floats by at most {real(max(floats))}")
    return f"board against desktop TFLM: {', '.join(parts)}" if parts else ""


def _values(found: Iterable[tuple[VariantRecord, Rung]], *names: str) -> list[float]:
    """The measurements of these variants whose name begins so."""
    return [item.value for v, _ in found for item in v.measurements if item.name.startswith(names)]


def streaming_line(run: RunRecord) -> str:
    """What streaming cost against what device and line need by themselves; empty if not known.

    Below 1 they have worked at the same time. On an emulated board the board's own clock is
    virtual: wall time is what the emulation took.
    """
    busy, line, own = run.device_busy_seconds, run.line_seconds, run.streaming_board_seconds
    if busy is None or line is None or own is None or busy + line <= 0:
        return ""
    text = (
        f"streaming took {duration(own)} on the board's own clock: "
        f"{own / (busy + line):.3g} times (device busy {duration(busy)} + line {duration(line)})"
    )
    if run.streaming_seconds is not None:
        text += (
            f"; {duration(run.streaming_seconds)} of wall time, "
            f"the whole run {run.seconds / (busy + line):.3g} times"
        )
    return text
