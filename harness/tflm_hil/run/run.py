"""A run from its first test to its report.

Keeps what was learned: each variant is streamed once and its result (or the error that prevented
one) is shared by all tests that ask for it; every sequence goes to the journal as it arrives.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tflm_hil import worker
from tflm_hil.bench.bench import Bench
from tflm_hil.bench.slotfuls import Slotfuls
from tflm_hil.bench.variants import slot_hash
from tflm_hil.drift.long_references import LongPool
from tflm_hil.drift.long_sequence import carries_state
from tflm_hil.drift.long_sequence_run import LongRun, run_long_sequence
from tflm_hil.drift.sample_drift import sample_drift
from tflm_hil.errors import (
    BoardLatchedBroken,
    HilError,
    StorageError,
    StrictFinding,
)
from tflm_hil.explain.explain import explain
from tflm_hil.files import stored
from tflm_hil.measure.measure import Measured, measure
from tflm_hil.measure.reference_pool import ReferencePool
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig
from tflm_hil.references import References
from tflm_hil.report import files, json_report
from tflm_hil.report.causes import Explanation
from tflm_hil.report.codec import to_plain
from tflm_hil.report.records import (
    BlockedRecord,
    Circumstances,
    ErrorRecord,
    FailingTest,
    FlashRecord,
    IncidentRecord,
    LeftOutRecord,
    RunRecord,
    TestCounts,
    VariantRecord,
)
from tflm_hil.report.render.progress import Progress
from tflm_hil.report.render.resumption_text import damage_text, passed_over_text
from tflm_hil.report.resumption import Interruption
from tflm_hil.report.totals import Times, verdict
from tflm_hil.run.assemble import VariantParts, assemble
from tflm_hil.run.folder import cut_off_before, open_journal, resumes
from tflm_hil.run.preflight import Preflight
from tflm_hil.vocabulary import RungName


class Run:
    """One run on one board. `wanted` are the variants that its tests will ask for, `left_out`
    those that they would have asked for if their samples were here. Without `in_place` it has a
    folder of its own, whatever was cut off before.
    """

    def __init__(
        self,
        config: RunConfig,
        progress: Progress,
        wanted: list[Variant],
        left_out: list[Variant] | None = None,
        *,
        in_place: bool = True,
    ) -> None:
        worker.start_again()
        self.config = config
        self._left_out = tuple(LeftOutRecord(item.id, item.left_out) for item in left_out or [])
        self.record: RunRecord | None = None
        self._progress = progress
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC).astimezone()
        self._measured: dict[str, Measured | HilError] = {}
        self._parts: dict[str, VariantParts] = {}
        self.flash_log: list[FlashRecord] = []
        self._incidents: list[IncidentRecord] = []
        self._errors: list[ErrorRecord] = []
        self._findings: list[str] = []
        self._circumstances: Circumstances | None = None
        self._test = ""
        self._preflight = Preflight(
            config, arena_bytes=lambda: self.bench.image.arena_bytes, say=progress.say
        )
        self._by_hash = {slot_hash(variant): variant for variant in reversed(wanted)}
        self._wanted = wanted = self._preflight.passing(wanted)
        self._slotfuls = Slotfuls(wanted, config.spec.flash.slot_bytes)
        before = cut_off_before(config, wanted, in_place=in_place)
        self._passed_over = before.passed_over
        self.journal = open_journal(config, wanted, before, self._started_at)
        self.directory = self.journal.path.parent
        damaged = map(damage_text, self.journal.damaged)
        for line in (*map(passed_over_text, self._passed_over), *damaged):
            progress.say(line)
        self.bench = Bench(
            config,
            progress,
            on_flash=self._note_flash,
            mates=self._mates,
            clear=self._clear,
        )
        self._references = ReferencePool(wanted, progress, limit=config.sequences)
        self._long_references = LongPool([variant for variant in wanted if carries_state(variant)])
        self._long_runs: dict[str, LongRun | HilError] = {}

    @property
    def report_path(self) -> Path:
        """Where `finish` writes."""
        return self.directory / json_report.REPORT_NAME

    # --- during the run ----------------------------------------------------------------------

    def measured(self, variant: Variant) -> Measured:
        """The variant streamed and compared; done at the first call, cached, errors too."""
        if variant.id not in self._measured:
            try:
                with stored():
                    self._measured[variant.id] = self._measure(variant)
            except HilError as error:
                self._measured[variant.id] = self._note_error(variant, error)
        known = self._measured[variant.id]
        if isinstance(known, HilError):
            raise known
        return known

    def _note_error(self, variant: Variant, error: HilError) -> HilError:
        """What prevented a measurement, for the variant's record; with what is behind it."""
        if any(error is known for known in self._measured.values()):
            blocked, record = True, self.bench.examine(error)
        else:
            error, record = self._examined(error)
            blocked = isinstance(error, BoardLatchedBroken) or any(
                error is known for known in self._measured.values()
            )
        self._learn(variant, error=record, blocked=blocked)
        return error

    def over_long_sequence(self, variant: Variant) -> LongRun:
        """The variant over a thousand steps; done at the first call, cached, errors too.

        What it shows becomes part of the variant's record.
        """
        if variant.id not in self._long_runs:
            self.measured(variant)
            try:
                long_run = run_long_sequence(
                    variant, self.bench, self._long_references.get(variant)
                )
            except HilError as error:
                error, _ = self._examined(error)
                self._long_runs[variant.id] = error
                raise error from None
            self._long_runs[variant.id] = long_run
            self._learn(variant, long_run=long_run)
        known = self._long_runs[variant.id]
        if isinstance(known, HilError):
            raise known
        return known

    def record_of(self, variant: Variant) -> VariantRecord:
        """What the report will say of a variant that was measured."""
        return assemble(self._parts[variant.id])

    def enter_test(self, test: str) -> None:
        """Errors from here on belong to `test`."""
        self._test = test

    def leave_test(self) -> None:
        """Raises StrictFinding if the emulator found something new."""
        fresh = [line for line in self.bench.findings() if line not in self._findings]
        if fresh:
            self._findings += fresh
            raise StrictFinding(
                "; ".join(fresh),
                remedy="correct the firmware: the emulated board forgives it, a real one would not",
                board=self.config.board,
            )

    def examine(self, error: HilError) -> tuple[HilError, ErrorRecord | None]:
        """An error that ended a test: what is behind it, with forensics.

        It becomes an incident of the report, once: None for one that is known already.
        """
        known_errors = (*self._measured.values(), *self._long_runs.values())
        if any(error is known for known in known_errors):
            return error, None
        return self._examined(error)

    def incident(self, error: HilError) -> IncidentRecord:
        """Examine an error that a test provoked and caught: for the report, and for assertions.

        The board has been reset afterwards, if the error was one of the board.
        """
        self._examined(error, provoked=True)
        return self._incidents[-1]

    def _examined(self, error: HilError, *, provoked: bool = False) -> tuple[HilError, ErrorRecord]:
        explained = self.bench.explain(error)
        record = self.bench.examine(explained)
        recovery = self.bench.recover()
        if not isinstance(explained, StrictFinding | BoardLatchedBroken):
            self._incidents.append(IncidentRecord(self._test, record, provoked, recovery))
            self.journal.append("incident", **to_plain(self._incidents[-1]))
        return explained, record

    def _measure(self, variant: Variant) -> Measured:
        self._preflight.clear(variant)
        measured = measure(
            variant,
            bench=self.bench,
            journal=self.journal,
            references=self._references,
            progress=self._progress,
            limit=self.config.sequences,
        )
        references = self._references.get(variant)
        explanation = None
        if measured.failure is not None:
            explanation = self._explained(measured, measured.failure.rung, references)
        self._circumstances = self.bench.circumstances()
        self._learn(
            variant,
            measured=measured,
            drift=sample_drift(measured, references),
            explanation=explanation,
        )
        return measured

    def _mates(self, model_hash: str) -> list[SlotEntry]:
        """What is flashed along with a model: those of its slotful that may be."""
        return [
            entry
            for entry in self._slotfuls.mates(model_hash)
            if self._preflight.is_clear(self._by_hash[entry.hash])
        ]

    def _clear(self, model_hash: str) -> None:
        """Raises if this is a variant that must not be flashed, whoever asks for it."""
        variant = self._by_hash.get(model_hash)
        if variant is None:
            return  # a model that a test made
        try:
            self._preflight.clear(variant)
        except HilError as error:
            if variant.id not in self._measured:
                self._measured[variant.id] = self._note_error(variant, error)
            raise

    def _explained(
        self, measured: Measured, entered: RungName, references: References
    ) -> Explanation:
        """Why it failed. An error on the way is an incident only: the verdict stands."""
        return explain(
            measured,
            entered,
            bench=self.bench,
            references=references,
            others=self._wanted,
            on_trouble=self._examined,
        )

    def _learn(self, variant: Variant, **parts: Any) -> None:
        """Add `parts` to what is known of a variant and write its record to the journal."""
        known = self._parts.get(variant.id) or VariantParts(
            variant, self._preflight.records(variant)
        )
        self._parts[variant.id] = replace(known, **parts)
        self.journal.append("variant", **to_plain(self.record_of(variant)))

    def _note_flash(self, record: FlashRecord) -> None:
        self.flash_log.append(record)
        self.journal.append("flash", **to_plain(record))

    # --- the end -----------------------------------------------------------------------------

    def finish(
        self,
        tests: TestCounts | None = None,
        blocked: tuple[BlockedRecord, ...] = (),
        failing: tuple[FailingTest, ...] = (),
        *,
        interrupted: Interruption | None = None,
    ) -> RunRecord:
        """Give the board back, write the report and close the journal.

        `tests`, `failing` and `blocked` are what pytest counted, which of it did not pass, and what
        the errors of the run left untried.
        An interrupted run's journal stays open: the next run goes on with it. Its report is written
        first: whoever interrupts may have no patience.
        """
        record_of = partial(self._run_record, tests or TestCounts(), blocked, failing)
        try:
            if self._circumstances is None and self.bench.is_up:
                self._circumstances = self.bench.circumstances()
        except HilError as error:
            self._errors.append(self.bench.examine(error))
        if interrupted is not None:
            self._leave(record_of(interrupted), interrupted)
            worker.stop_all()
        self._references.close()
        self.bench.close()
        record = record_of(interrupted)
        if interrupted is None and not self._leave(record):
            # nobody can read it later: the more it has to be shown now
            record = replace(record_of(None), complete=False)
        self.record = record
        return record

    def _leave(self, record: RunRecord, interrupted: Interruption | None = None) -> bool:
        """Report and journal, to the disk; False, with the error noted, if that cannot be."""
        try:
            files.leave(record, self.directory)
            if interrupted is not None:
                self.journal.leave()
            else:
                self.journal.close(verdict=record.verdict)
        except StorageError as error:
            self._errors.append(self.bench.examine(error))
            return False
        return True

    def _run_record(
        self,
        tests: TestCounts,
        blocked: tuple[BlockedRecord, ...],
        failing: tuple[FailingTest, ...] = (),
        interrupted: Interruption | None = None,
    ) -> RunRecord:
        variants = tuple(assemble(parts) for parts in self._parts.values())
        times = Times.of(variants)
        return RunRecord(
            run_id=self.directory.name,
            started=self._started_at.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._started, 3),
            verdict=verdict(
                variants,
                tests,
                board_reached=self._circumstances is not None,
                trouble=bool(self._errors or self._findings),
            ),
            complete=interrupted is None,
            circumstances=self._circumstances,
            variants=variants,
            flash=tuple(self.flash_log),
            incidents=tuple(self._incidents),
            findings=tuple(self._findings),
            errors=tuple(self._errors),
            tests=tests,
            resumed=resumes(self.journal, self._started_at, complete=interrupted is None),
            damaged=self.journal.damaged,
            passed_over=self._passed_over,
            interrupted=interrupted,
            device_busy_seconds=times.device_busy_seconds,
            line_seconds=times.line_seconds,
            streaming_board_seconds=times.streaming_board_seconds,
            streaming_seconds=times.streaming_seconds,
            left_out=self._left_out,
            blocked=blocked,
            failing_tests=failing,
        )
