"""What is known of a model before it is flashed: findings of the lints, and whether to go on.

    checks = Preflight(config)
    checks.clear(variant)             # raises if a lint says that it cannot go well
    checks.records(variant)           # for the report, whatever came of it

A lint reads the flatbuffer and nothing else, in milliseconds; no board is needed for it. An error
stops the variant before anything of it is flashed, unless `--hil-no-lint` says to try: a board
would refuse the model, hang on it or compute something else. Warnings and notes only stand in the
report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tflm_hil.errors import CorruptModel, HilError, LintFailed, UnsupportedModel
from tflm_hil.models.tflite.lints import Finding, lint
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig
from tflm_hil.report.records import LintRecord
from tflm_hil.vocabulary import Severity

OPERATORS = "unsupported-operator"
DRIVEN = "state-scales"
SHOWN = 3  # findings in one sentence


class Preflight:
    """Findings by variant, each model looked at once."""

    def __init__(self, config: RunConfig) -> None:
        self._engine = config.engine
        self._may_stop = not config.no_lint
        # Which operators a finished ELF was linked with, only the board can tell.
        self._ignore = (OPERATORS,) if config.firmware is not None else ()
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._refusals: dict[str, HilError] = {}

    def findings(self, variant: Variant) -> tuple[Finding, ...]:
        """All findings, errors first; none for a file that is no model: the board says so."""
        if variant.sha256 not in self._findings:
            try:
                findings = tuple(
                    _as_driven(item)
                    for item in lint(variant.inspection(), engine=self._engine, ignore=self._ignore)
                )
            except CorruptModel:
                findings = ()
            self._findings[variant.sha256] = findings
        return self._findings[variant.sha256]

    def clear(self, variant: Variant) -> None:
        """Raises LintFailed, or UnsupportedModel where the engine lacks an operator: the same
        error whenever it is asked.
        """
        errors = [item for item in self.findings(variant) if item.severity is Severity.ERROR]
        if errors and self._may_stop:
            known = self._refusals.setdefault(variant.sha256, refusal(errors))
            raise known.with_traceback(None)

    def passing(self, variants: Iterable[Variant]) -> list[Variant]:
        """The variants that will be flashed."""
        return [
            variant
            for variant in variants
            if not self._may_stop
            or all(item.severity is not Severity.ERROR for item in self.findings(variant))
        ]

    def records(self, variant: Variant) -> tuple[LintRecord, ...]:
        """The findings as the report keeps them."""
        return tuple(
            LintRecord(item.code, item.severity, item.sentence, item.remedy)
            for item in self.findings(variant)
        )


def _as_driven(finding: Finding) -> Finding:
    """The finding as it is with us: our firmware requantises states, a plain byte copy does not."""
    if finding.code != DRIVEN:
        return finding
    return replace(finding, severity=Severity.WARNING)


def refusal(errors: list[Finding]) -> HilError:
    """Findings of severity error as one error, the first one's remedy with it."""
    sentences = [item.sentence for item in errors[:SHOWN]]
    if len(errors) > SHOWN:
        sentences.append(f"and {len(errors) - SHOWN} more (`hil inspect` lists them)")
    what = f"not flashed ({errors[0].code}): {'; '.join(sentences)}"
    if errors[0].code == OPERATORS:
        return UnsupportedModel(what, remedy=errors[0].remedy)
    return LintFailed(what, remedy=f"{errors[0].remedy}; to try it all the same: --hil-no-lint")
