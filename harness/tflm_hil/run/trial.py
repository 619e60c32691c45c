"""All that can be said of a model without a board: what the lints find, and the engines say.

    result = examine([inspection, …], [content, …], engine="builtin")
    result[0].findings          # errors first
    result[0].not_asked         # why an engine could not be asked, "" if all were

A lint reads the file. Then the engines themselves are asked to load the model on this desktop: the
builtin one, where the board has it, and desktop TFLM, which every run compares with. They are not
asked where a lint has found an error already: they stop at the first thing they do not take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tflm_hil.errors import (
    ConfigurationError,
    FirmwareError,
    HilError,
    ReferenceFailed,
    StorageError,
)
from tflm_hil.firmware_build import desktop_engine
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.lints import Finding, lint
from tflm_hil.models.tflite.lints.refused import (
    DESKTOP_REFUSES,
    ENGINE_REFUSES,
    LoadRefusal,
    finding,
)
from tflm_hil.references import desktop_load
from tflm_hil.vocabulary import Engine, Severity

DRIVEN = "state-scales"

LoadAll = Callable[[Sequence[bytes]], Sequence[LoadRefusal | None]]
Amend = Callable[[Finding], Finding]


@dataclass(frozen=True)
class Examined:
    """Findings about one model, errors first."""

    findings: tuple[Finding, ...]
    not_asked: tuple[str, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether one of them stops it."""
        return any(item.severity is Severity.ERROR for item in self.findings)

    @property
    def stops_a_run(self) -> bool:
        """Whether one of them stops a run of ours, whose firmware requantises states."""
        return any(as_driven(item).severity is Severity.ERROR for item in self.findings)


def as_driven(item: Finding) -> Finding:
    """The finding as it is with us: our firmware requantises states, a plain byte copy does not."""
    if item.code != DRIVEN:
        return item
    return replace(item, severity=Severity.WARNING)


def examine(
    models: Sequence[Inspection],
    contents: Sequence[bytes],
    *,
    engine: str = Engine.BUILTIN,
    ignore: Sequence[str] = (),
    asks_engine: bool = True,
    linked: frozenset[str] | None = None,
    amend: Amend = lambda item: item,
) -> list[Examined]:
    """One answer a model. `ignore` are codes of lints; `amend` is applied to their findings;
    without `asks_engine` only desktop TFLM is asked; `linked` are the operators of the TFLM library
    at hand, None where there is none.
    """
    results = [
        Examined(tuple(map(amend, lint(model, engine=engine, ignore=ignore, linked=linked))))
        for model in models
    ]
    if asks_engine and engine == Engine.BUILTIN:
        results = _asked(
            results, models, contents, desktop_engine.load_all, "the builtin engine", ENGINE_REFUSES
        )
    by = "desktop TFLM, which every run compares with,"
    return _asked(results, models, contents, desktop_load.load_all, by, DESKTOP_REFUSES)


def _asked(
    results: list[Examined],
    models: Sequence[Inspection],
    contents: Sequence[bytes],
    load_all: LoadAll,
    by: str,
    code: str,
) -> list[Examined]:
    """`results` with what one engine says to models that are sound so far, or has said `code`."""
    asked = [
        number
        for number, result in enumerate(results)
        if not any(
            item.severity is Severity.ERROR and item.code != ENGINE_REFUSES
            for item in result.findings
        )
    ]
    try:
        refusals = load_all([contents[number] for number in asked])
    except (FirmwareError, ReferenceFailed, ConfigurationError, StorageError) as error:
        return [
            replace(result, not_asked=(*result.not_asked, _reason(by, error))) for result in results
        ]
    for number, refusal in zip(asked, refusals, strict=True):
        if refusal is not None:
            found = finding(models[number], refusal, by=by, code=code)
            results[number] = replace(results[number], findings=(found, *results[number].findings))
    return results


def _reason(by: str, error: HilError) -> str:
    return f"{by} was not asked before flashing: {error.what}"
