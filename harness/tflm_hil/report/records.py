"""What a run leaves behind: frozen records, and nothing that can act.

A `RunRecord` is one `pytest --board` (or `hil demo`) on one board. It holds the circumstances
that its numbers are true under, and a `VariantRecord` for every exported model that was run.
Terminal, JSON, HTML and JUnit are made from these records only; none of them ever sees a board.
Records are facts: sentences about them are made in `tflm_hil.report.render`, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tflm_hil.report.causes import Explanation
from tflm_hil.report.costs import CycleRecord, LinkRecord
from tflm_hil.report.drifting import DriftRecord, LongRunRecord
from tflm_hil.report.forensics import FaultForensics
from tflm_hil.report.judgement import Failure, Measurement, Rung, Verdict
from tflm_hil.report.resumption import (
    DamageRecord,
    Interruption,
    PassedOverRecord,
    ResumeRecord,
)
from tflm_hil.vocabulary import (
    LabelKind,
    RungName,
    Severity,
    StateBasis,
    StateKeeper,
    StepBasis,
    Task,
)

SCHEMA = "tflm-hil/report-2"


@dataclass(frozen=True)
class ErrorRecord:
    """A typed error as the reader shall see it.

    `fault` is the device's own record of a fault; `details` are lines about a board that is silent.
    """

    type: str
    sentence: str
    remedy: str = ""
    details: tuple[str, ...] = ()
    fault: FaultForensics | None = None


@dataclass(frozen=True)
class LintRecord:
    """What a check of the .tflite found before flashing."""

    code: str
    severity: Severity
    sentence: str
    remedy: str


@dataclass(frozen=True)
class StateRecord:
    """A state of a model, or what may be one.

    `keeper` is who keeps it; nobody keeps what is only suspected, it was fed as data. For an input
    that an output is (or may be) fed back to, `basis` says why, and both ends are named by name and
    number; for what the model keeps itself these are None or empty.
    """

    name: str
    keeper: StateKeeper
    bytes: int
    basis: StateBasis | None = None
    input: int | None = None
    output: int | None = None
    output_name: str = ""


class SaturationReason(StrEnum):
    """Why samples lie beyond the scale of their input."""

    CALIBRATION = "calibration"  # its data did not reach as far
    TIED = "tied"  # the scale is that of another tensor, too
    OTHER_UNIT = "other-unit"  # samples are many times larger than what the scale holds


@dataclass(frozen=True)
class InputSaturation:
    """Samples of one input beyond its scale: a `share` (0 to 1) of the values, which go from
    `least` to `most` where the scale holds `low` to `high`. `tied_to` names the tensor that has the
    scale, too, empty if there is none.
    """

    name: str
    share: float
    low: float
    high: float
    least: float
    most: float
    reason: SaturationReason
    tied_to: str = ""


@dataclass(frozen=True)
class LabelRecord:
    """What the labels of a variant were recognised as.

    `declared` says whether somebody named the task. `classes` is None for true values. With
    `last_step` a sequence is judged at the last of its steps, with `per_step` at each. Rungs
    `at_chance` do no better than one that knows nothing of the labels.
    """

    kind: LabelKind
    task: Task
    declared: bool
    classes: int | None = None
    last_step: bool = False
    per_step: bool = False
    at_chance: tuple[RungName, ...] = ()


@dataclass(frozen=True)
class LegacyTexts:
    """What a report of schema 1 had in sentences; they are shown as they are."""

    sentence: str = ""  # the verdict
    entered: RungName | None = None  # the rung at which the error enters
    drift: tuple[str, ...] = ()


@dataclass(frozen=True)
class VariantRecord:
    """Everything about one exported model on one board.

    `failure` is None unless the verdict is "fail"; `explanation` is of a failure.
    """

    id: str
    model: str
    export: str
    dtype: str
    sha256: str
    file_bytes: int
    verdict: Verdict
    title: str = ""  # of the model, as its manifest says
    task: Task | None = None
    sequences: int = 0
    sequences_in_set: int = 0  # how many there are; fewer are streamed only if that was asked for
    steps: int = 0  # Invokes, of all sequences together
    time_steps: int = 0  # of one sequence, however many an Invoke takes; 0: none, or not known
    steps_per_invoke: int | None = None  # steps of time; None: there are none, or not known
    steps_basis: StepBasis | None = None  # how that is known
    states: tuple[StateRecord, ...] = ()
    labels: LabelRecord | None = None
    input_saturation: tuple[InputSaturation, ...] = ()
    sequences_resumed: int = 0  # taken over from a run that was cut off
    failure: Failure | None = None
    explanation: Explanation | None = None  # of a failed verdict
    drift: tuple[DriftRecord, ...] = ()  # over the samples, a rung each; for outputs of every step
    long_run: LongRunRecord | None = None
    messages: tuple[str, ...] = ()  # what the engine printed while it loaded and ran the model
    rungs: tuple[Rung, ...] = ()
    cycles: CycleRecord | None = None
    arena_bytes: int | None = None
    stack_bytes: int | None = None  # high-water mark since start-up
    measurements: tuple[Measurement, ...] = ()
    link: LinkRecord | None = None
    error: ErrorRecord | None = None
    samples_sha256: str = ""  # of the file that the sequences came from
    notes: tuple[str, ...] = ()  # what has to be known to read the numbers
    lints: tuple[LintRecord, ...] = ()
    legacy: LegacyTexts | None = None

    @property
    def entered(self) -> RungName | None:
        """The rung at which the error enters, None if there is none."""
        if self.failure is not None:
            return self.failure.rung
        return self.legacy.entered if self.legacy is not None else None


@dataclass(frozen=True)
class LeftOutRecord:
    """A variant that cannot be run on this machine: its samples are not here.

    It has no verdict and is not an error; `reason` is a sentence that says what to do.
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


class FlashPart(StrEnum):
    """What lies in the flash."""

    FIRMWARE = "firmware"
    MODELS = "models"


@dataclass(frozen=True)
class FlashRecord:
    """One look at the flash; 0 bytes = it was there already."""

    what: FlashPart
    bytes: int
    erased_sectors: int
    seconds: float


class Recovery(StrEnum):
    """What became of the board after an error."""

    NOT_NEEDED = "not-needed"  # the error was not one of the board
    ANSWERS = "answers"  # it was reset over its probe and answers again
    GIVEN_UP = "given-up"  # it does not come back and is not tried again


@dataclass(frozen=True)
class RecoveryRecord:
    """What became of the board; `why` is the sentence of the error for which it was given up."""

    outcome: Recovery = Recovery.NOT_NEEDED
    why: str = ""


@dataclass(frozen=True)
class IncidentRecord:
    """Something that went wrong on the way, or was provoked by a test, and what came of it."""

    test: str
    error: ErrorRecord
    provoked: bool
    recovery: RecoveryRecord


@dataclass(frozen=True)
class TestCounts:
    """pytest's own counts. `blocked`: not run because of an error that another test has shown."""

    __test__ = False  # the name starts like a test class; it is none

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    blocked: int = 0


class TestOutcome(StrEnum):
    """Why a test did not pass."""

    __test__ = False

    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True)
class FailingTest:
    """A test that did not pass. `line` counts from 1, 0: not known; `error` is one line.

    `command` runs this test alone, typed where the run was started.
    """

    name: str  # pytest's node id
    outcome: TestOutcome
    file: str
    line: int
    error: str
    command: str


@dataclass(frozen=True)
class BlockedRecord:
    """Tests that came to nothing because of an error that is told once."""

    error: ErrorRecord
    tests: int


@dataclass(frozen=True)
class RunRecord:
    """One run on one board. Times are ISO 8601 with offset."""

    run_id: str
    started: str
    seconds: float  # wall time, without what a killed predecessor used
    verdict: Verdict
    complete: bool  # False for a run that was cut off: see `interrupted`
    circumstances: Circumstances | None = None
    variants: tuple[VariantRecord, ...] = ()
    flash: tuple[FlashRecord, ...] = ()
    incidents: tuple[IncidentRecord, ...] = ()
    findings: tuple[str, ...] = ()  # of the strict emulator
    errors: tuple[ErrorRecord, ...] = ()  # of the run as a whole
    tests: TestCounts = TestCounts()
    resumed: tuple[ResumeRecord, ...] = ()
    damaged: tuple[DamageRecord, ...] = ()  # lines of journals that were to be taken over
    passed_over: tuple[PassedOverRecord, ...] = ()
    interrupted: Interruption | None = None
    device_busy_seconds: float | None = None  # in Invoke, on the board's own clock
    line_seconds: float | None = None  # what the bytes need on the line, the busier direction
    streaming_board_seconds: float | None = None  # from first to last frame, on its own clock
    streaming_seconds: float | None = None  # the same as wall time
    left_out: tuple[LeftOutRecord, ...] = ()
    blocked: tuple[BlockedRecord, ...] = ()
    failing_tests: tuple[FailingTest, ...] = ()
    schema: str = SCHEMA

    @property
    def learned_nothing(self) -> bool:
        """No verdict, and no variant either that was measured and merely has no limit."""
        return self.verdict is Verdict.NONE and not any(item.rungs for item in self.variants)
