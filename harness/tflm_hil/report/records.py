"""What a run leaves behind: frozen records, and nothing that can act.

A `RunRecord` is one `pytest --board` (or `hil demo`) on one board. It holds the circumstances
that its numbers are true under, and a `VariantRecord` for every exported model that was run. A
`Measurement` is the smallest piece:

    Measurement("outputs differing from desktop TFLM", 0, "values", Limit("<=", 0))

knows its own verdict. Terminal, JSON, HTML and JUnit are made from these records only; none of
them ever sees a board.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tflm_hil.report.causes import Explanation
from tflm_hil.report.statistics import Distribution

SCHEMA = "tflm-hil/report-1"


class Verdict(StrEnum):
    """`error` is a problem of board, link or tools: nothing was learned about the model."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    NONE = "none"  # measured without a limit, or not judged yet


WORST_FIRST = (Verdict.ERROR, Verdict.FAIL, Verdict.PASS, Verdict.NONE)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict that a group of verdicts has as a whole."""
    return next((verdict for verdict in WORST_FIRST if verdict in verdicts), Verdict.NONE)


@dataclass(frozen=True)
class Limit:
    """`relation` is "<=" or ">=": what the value must be to the `bound`, same unit."""

    relation: str
    bound: float

    def holds(self, value: float) -> bool:
        """NaN keeps no limit."""
        return value <= self.bound if self.relation == "<=" else value >= self.bound


@dataclass(frozen=True)
class Measurement:
    """One number with its unit and, where there is one, its limit.

    `modelled` is empty for a number that a real clock gave, else the id of the cycle model that
    the number comes from; such a number never enters a hardware baseline. `not_judged` says why
    the limit was not applied, empty where it was.
    """

    name: str
    value: float
    unit: str
    limit: Limit | None = None
    modelled: str = ""
    not_judged: str = ""
    verdict: Verdict = field(default=Verdict.NONE, init=False)

    def __post_init__(self) -> None:
        if self.limit is not None and not self.not_judged:
            kept = self.limit.holds(self.value)
            object.__setattr__(self, "verdict", Verdict.PASS if kept else Verdict.FAIL)


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder cells → Keras → TFLite → TFLM → device, against the one before.

    Differences are absolute, over all output values of all steps of all sequences, in real
    units (probabilities for a classifier); `max_lsb` and `lsb_histogram` (|Δ| in steps of the
    output's scale → how many values) exist where both rungs are integers. The first rung has
    nothing before it: `against` is empty and all but its closeness to the labels is None.
    """

    name: str
    against: str = ""
    accuracy: float | None = None  # share of sequences with the right label, 0..1
    max_abs: float | None = None
    mean_abs: float | None = None
    rmse: float | None = None
    cosine: float | None = None
    argmax_agreement: float | None = None  # share of sequences, 0..1
    differing: int | None = None  # output values that are not the same
    values: int | None = None  # output values compared
    max_lsb: int | None = None
    lsb_histogram: dict[str, int] | None = None
    label_rmse: float | None = None  # regression: against the true values, unit of the output


@dataclass(frozen=True)
class CycleRecord:
    """Core cycles of one Invoke. `source` is "dwt", or the id of the emulator's cycle model."""

    streamed: Distribution | None  # every Invoke of every streamed sequence
    cold: Distribution | None  # caches flushed before each
    warm: Distribution | None  # the same input again and again
    source: str
    modelled: bool
    per_sequence: Distribution | None = None  # all Invokes of a sequence together


@dataclass(frozen=True)
class LinkRecord:
    """What streaming this variant cost on the line. Bytes are wire bytes, both ends counted."""

    bytes_sent: int
    bytes_received: int
    payload_bytes: int  # tensor data and cycle counts, both directions
    retransmissions: int
    crc_errors: int
    seconds: float  # wall time of streaming
    board_seconds: float | None  # the same on the board's own clock (virtual on an emulated one)
    payload_share: float | None  # of what the busier direction of the line could have carried
    device_busy: float | None  # share of board_seconds spent in Invoke
    line_seconds: float | None = None  # what the busier direction needs at the baud rate, alone


@dataclass(frozen=True)
class ErrorRecord:
    """A typed error as the reader shall see it. `details` are lines of forensics."""

    type: str
    sentence: str
    remedy: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class LintRecord:
    """What a check of the .tflite found before flashing: `severity` error, warning or note."""

    code: str
    severity: str
    sentence: str
    remedy: str


@dataclass(frozen=True)
class VariantRecord:
    """Everything about one exported model on one board."""

    id: str
    model: str
    export: str
    dtype: str
    sha256: str
    file_bytes: int
    verdict: Verdict
    title: str = ""  # of the model, as its manifest says
    task: str = ""  # "classification" or "regression"
    sequences: int = 0
    sequences_in_set: int = 0  # there are so many; all are streamed unless fewer were asked for
    steps: int = 0  # Invokes, of all sequences together
    time_steps: int = 0  # of one sequence, however many an Invoke takes; 0: not known
    sequences_resumed: int = 0  # taken over from a run that was cut off
    verdict_rung: str = ""  # where the error enters; empty if it does not
    sentence: str = ""  # the verdict in words
    drift: tuple[str, ...] = ()  # error against step, a sentence a rung; for outputs of every step
    messages: tuple[str, ...] = ()  # what the engine printed while it loaded and ran the model
    rungs: tuple[Rung, ...] = ()
    cycles: CycleRecord | None = None
    arena_bytes: int | None = None
    stack_bytes: int | None = None  # high-water mark since start-up
    measurements: tuple[Measurement, ...] = ()
    link: LinkRecord | None = None
    long_link: LinkRecord | None = None  # the same for the long sequence without a reset
    error: ErrorRecord | None = None
    samples_sha256: str = ""  # of the file that the sequences came from
    notes: tuple[str, ...] = ()  # what has to be known to read the numbers
    lints: tuple[LintRecord, ...] = ()
    explanation: Explanation | None = None  # of a failed verdict


@dataclass(frozen=True)
class LeftOutRecord:
    """A variant that could not be tried here, through nobody's fault: no samples on this machine.

    It has no verdict and is no error; `reason` is a sentence that says what to do.
    """

    id: str
    reason: str


@dataclass(frozen=True)
class BoardRecord:
    """Which board, and how it was reached."""

    name: str
    mcu: str
    emulated: bool
    probe_uid: str
    tty: str
    baud: int


@dataclass(frozen=True)
class FirmwareRecord:
    """The image under test, as the device itself stated it where it can."""

    build_id: str
    engine: str
    engine_version: str
    kernels: str
    compiler: str
    flags: str
    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class ClockTreeRecord:
    """How the core clock comes about, read out of the clock registers by the probe.

    `source` is what drives SYSCLK: "HSI", "HSE" or "PLL"; the PLL's own is `pll_source`, and its
    factors are 0 where it is not used. Dividers are those of AHB, APB1 and APB2.
    """

    source: str
    hse_bypass: bool  # a clock signal comes in; there is no crystal
    pll_source: str = ""
    pll_m: int = 0
    pll_n: int = 0
    pll_p: int = 0
    pll_q: int = 0
    ahb_divider: int = 1
    apb1_divider: int = 1
    apb2_divider: int = 1
    over_drive: bool = False


@dataclass(frozen=True)
class ClockRecord:
    """The clock tree as the board reads it back, and what else its speed depends on."""

    core_hz: int
    flash_wait_states: int
    art: bool
    icache: bool
    dcache: bool
    cycle_source: str  # "dwt" or the id of the emulator's cycle model
    modelled: bool
    serial_hz: int = 0  # kernel clock of the USART: which baud rates are exact; 0: not known
    tree: ClockTreeRecord | None = None  # None: no probe, or none that knows this target


@dataclass(frozen=True)
class HostRecord:
    """The machine and the tools that drove the run."""

    system: str
    python: str
    packages: dict[str, str]
    git_commit: str
    git_dirty: bool


@dataclass(frozen=True)
class Circumstances:
    """All that the numbers of a run are true under (docs/decisions.md, rule 6)."""

    board: BoardRecord
    firmware: FirmwareRecord
    clock: ClockRecord
    host: HostRecord


@dataclass(frozen=True)
class FlashRecord:
    """One look at the flash: `what` is "firmware" or "models"; 0 bytes = it was there already."""

    what: str
    bytes: int
    erased_sectors: int
    seconds: float


@dataclass(frozen=True)
class IncidentRecord:
    """Something that went wrong on the way, or was provoked by a test, and what came of it."""

    test: str
    error: ErrorRecord
    provoked: bool
    recovery: str


@dataclass(frozen=True)
class TestCounts:
    """pytest's own counts."""

    __test__ = False  # the name starts like a test class; it is none

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class ResumeRecord:
    """A killed run went on: when, and how many results were taken over."""

    at: str
    sequences_kept: int


@dataclass(frozen=True)
class RunRecord:
    """One run on one board. Times are ISO 8601 with offset."""

    run_id: str
    started: str
    seconds: float  # wall time, without what a killed predecessor used
    verdict: Verdict
    complete: bool  # False while running, and for ever if the run was killed
    circumstances: Circumstances | None = None
    variants: tuple[VariantRecord, ...] = ()
    flash: tuple[FlashRecord, ...] = ()
    incidents: tuple[IncidentRecord, ...] = ()
    findings: tuple[str, ...] = ()  # of the strict emulator
    errors: tuple[ErrorRecord, ...] = ()  # of the run as a whole
    tests: TestCounts = TestCounts()
    resumed: tuple[ResumeRecord, ...] = ()
    device_busy_seconds: float | None = None  # in Invoke, on the board's own clock
    line_seconds: float | None = None  # what the bytes need on the line, the busier direction
    streaming_board_seconds: float | None = None  # from first to last frame, on its own clock
    streaming_seconds: float | None = None  # the same as wall time
    left_out: tuple[LeftOutRecord, ...] = ()
    schema: str = SCHEMA

    @property
    def learned_nothing(self) -> bool:
        """No verdict, and no variant either that was measured and merely has no limit."""
        return self.verdict is Verdict.NONE and not any(item.rungs for item in self.variants)
