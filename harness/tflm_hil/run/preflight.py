"""What is known of a model before it is flashed: findings, and whether to go on.

    checks = Preflight(config)
    checks.clear(variant)             # raises if it cannot go well
    checks.records(variant)           # for the report, whatever came of it

What is asked: the lints, the engines on this desktop (`tflm_hil.run.trial`), the size of the model
slot, and, once the firmware is built, its tensor arena. No board is needed for any of it. An error
stops the variant before anything of it is flashed, unless `--hil-no-lint` says to try: a board
would refuse the model, hang on it or compute something else. Warnings and notes only stand in the
report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tflm_hil.bench.variants import slot_entry
from tflm_hil.errors import (
    ArenaTooSmall,
    CorruptModel,
    HilError,
    LintFailed,
    ModelTooBig,
    UnsupportedModel,
)
from tflm_hil.firmware_build.tflm_tree import inspect_tree
from tflm_hil.models.slot.slot import check_fits
from tflm_hil.models.tflite.arena import ArenaEstimate, estimate
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.lints import Finding
from tflm_hil.models.tflite.lints.refused import DESKTOP_REFUSES, ENGINE_REFUSES
from tflm_hil.models.tflite.origin import forms, use_export
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig
from tflm_hil.report.records import LintRecord
from tflm_hil.run.trial import as_driven, examine
from tflm_hil.vocabulary import Engine, ExportKind, Severity

OPERATORS = "unsupported-operator"
BOUNDS = "model-bounds"
SLOT = "slot-too-small"
ARENA = "arena-too-small"
DAMAGED = "damaged"
SHOWN = 3  # findings in one sentence

KINDS: dict[str, type[HilError]] = {
    OPERATORS: UnsupportedModel,
    BOUNDS: UnsupportedModel,
    ENGINE_REFUSES: UnsupportedModel,
    DESKTOP_REFUSES: UnsupportedModel,
    SLOT: ModelTooBig,
    ARENA: ArenaTooSmall,
    DAMAGED: CorruptModel,
}


class Preflight:
    """Findings by variant, each model looked at once.

    `arena_bytes()` is the arena of the firmware under test, 0 if it is not known; it is asked last,
    because the firmware has to be built for it. `say` tells people what could not be asked.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        arena_bytes: Callable[[], int] = lambda: 0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._config = config
        self._arena_bytes = arena_bytes
        self._say = say
        self._said: set[str] = set()
        self._may_stop = not config.no_lint
        # What a finished ELF was linked with, only the board can tell.
        self._built_here = config.firmware is None
        self._ignore = () if self._built_here else (OPERATORS,)
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._refusals: dict[str, HilError] = {}

    def findings(self, variant: Variant) -> tuple[Finding, ...]:
        """All that is known without the firmware, errors first."""
        self._look_at([variant])
        return self._findings[variant.sha256]

    def clear(self, variant: Variant) -> None:
        """Raises LintFailed, UnsupportedModel, ModelTooBig, ArenaTooSmall or CorruptModel: the same
        error whenever it is asked. Raises FirmwareError if the firmware cannot be built.
        """
        if not self._may_stop:
            return
        if variant.sha256 not in self._refusals:
            errors = _errors(self.findings(variant)) or _errors(self._with_arena(variant))
            if not errors:
                return
            self._refusals[variant.sha256] = refusal(errors)
        raise self._refusals[variant.sha256].with_traceback(None)

    def is_clear(self, variant: Variant) -> bool:
        """Whether `clear` raises nothing about it."""
        try:
            self.clear(variant)
        except HilError:
            return False
        return True

    def passing(self, variants: Iterable[Variant]) -> list[Variant]:
        """Those that will be flashed, as far as that is known without the firmware."""
        variants = list(variants)
        self._look_at(variants)
        return [
            variant
            for variant in variants
            if not self._may_stop or not _errors(self._findings[variant.sha256])
        ]

    def records(self, variant: Variant) -> tuple[LintRecord, ...]:
        """The findings as the report keeps them."""
        return tuple(
            LintRecord(item.code, item.severity, item.sentence, item.remedy)
            for item in self.findings(variant)
        )

    def _look_at(self, variants: Sequence[Variant]) -> None:
        """Fill in what is not known yet, all in one go: an engine is started once."""
        new = {item.sha256: item for item in variants if item.sha256 not in self._findings}
        sound: list[Variant] = []
        for digest, variant in new.items():
            try:
                variant.inspection()
            except CorruptModel as error:
                self._findings[digest] = (_damaged(error),)
            else:
                sound.append(variant)
        results = examine(
            [variant.inspection() for variant in sound],
            [variant.content() for variant in sound],
            engine=self._config.engine,
            ignore=self._ignore,
            asks_engine=self._built_here,
            linked=self._linked(),
            amend=as_driven,
        )
        for variant, result in zip(sound, results, strict=True):
            self._findings[variant.sha256] = (*self._slot(variant), *result.findings)
            for reason in result.not_asked:
                if reason not in self._said:
                    self._said.add(reason)
                    self._say(reason)

    def _linked(self) -> frozenset[str] | None:
        """The operators of the TFLM library that is to be linked."""
        config = self._config
        if config.engine != Engine.TFLM or config.tflm_root is None or not self._built_here:
            return None
        return inspect_tree(config.tflm_root, config.spec.core).operator_names

    def _slot(self, variant: Variant) -> Iterable[Finding]:
        try:
            check_fits(slot_entry(variant), self._config.spec.flash.slot_bytes)
        except ModelTooBig as error:
            smaller = smaller_file(variant.inspection())
            yield Finding(SLOT, Severity.ERROR, error.what, f"{smaller}, or use another board")

    def _with_arena(self, variant: Variant) -> tuple[Finding, ...]:
        """The findings, with the arena's; of a sound model, whose firmware will be built anyway."""
        available = self._arena_bytes()
        if available <= 0:
            return self._findings[variant.sha256]
        arena = estimate(variant.inspection(), self._config.engine)
        if arena.fits(available) is False:
            found = _arena_finding(variant.inspection(), arena, available)
            self._findings[variant.sha256] = (found, *self._findings[variant.sha256])
        return self._findings[variant.sha256]


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [item for item in findings if item.severity is Severity.ERROR]


def _damaged(error: CorruptModel) -> Finding:
    return Finding(DAMAGED, Severity.ERROR, error.what, error.remedy)


def _arena_finding(model: Inspection, arena: ArenaEstimate, available: int) -> Finding:
    if arena.total is not None:
        needed, bound = arena.total, f"needs {arena.total:,} bytes"
    else:
        needed, bound = arena.at_least, f"needs at least {arena.at_least:,} bytes"
    return Finding(
        ARENA,
        Severity.ERROR,
        f"the model {bound} of tensor arena with the {arena.engine} engine, the board has"
        f" {available:,}: {needed - available:,} are missing",
        f"{smaller_arena(model)}, or use a board with more memory",
    )


def smaller_arena(model: Inspection) -> str:
    """What needs less memory at one time than this model."""
    other = use_export(model, (ExportKind.STEP,))
    return f"use {other}, which needs memory for a single step" if other else "make it smaller"


def smaller_file(model: Inspection) -> str:
    """What needs less flash than this model."""
    ways = []
    if any(tensor.type == "float32" for tensor in (*model.inputs, *model.outputs)):
        ways.append("convert to int8")
    if ExportKind.UNROLLED in (forms(model) if model.origin is None else {model.origin.export}):
        other = use_export(model, (ExportKind.SHIFT, ExportKind.STEP))
        ways += [f"use {other}"] if other else []
    return ", or ".join(ways) or "make it smaller"


def refusal(errors: Sequence[Finding]) -> HilError:
    """Findings of severity error as one error, with what to do about each."""
    sentences = [item.sentence for item in errors[:SHOWN]]
    if len(errors) > SHOWN:
        sentences.append(f"and {len(errors) - SHOWN} more (`hil inspect` lists them)")
    what = f"not flashed ({errors[0].code}): {'; '.join(sentences)}"
    remedies = list(dict.fromkeys(item.remedy for item in errors[:SHOWN]))
    kind = KINDS.get(errors[0].code, LintFailed)
    if kind is LintFailed:
        remedies.append("to try it all the same: --hil-no-lint")
    return kind(what, remedy="; ".join(remedies))
