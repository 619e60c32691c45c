"""Each known mistake, planted in something real, is found and named by a run's report.

`pytest -s` prints the table: kind, where it is planted, how it is found, what is said. The run is
the actual one, on an emulated board: models are flashed and streamed, references computed, verdicts
given. Three runs in all: wrong models on the firmware as it is; right models on a firmware that
makes mistakes; and wrong models that lints stop before anything is flashed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tflm_hil.bench.variants import variants
from tflm_hil.boards.spec import Overrides
from tflm_hil.errors import HilError
from tflm_hil.options import RunConfig
from tflm_hil.report.causes import Cause, Manner
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.kinds import KNOWN_KINDS, CauseKind
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.render.causes import cause_sentence
from tflm_hil.report.render.progress import SilentProgress
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.run.run import Run
from tflm_hil.vocabulary import RungName

from tests.support.figures import close
from tests.support.planted.catalogue import (
    FIRMWARE,
    LINTS,
    MODELS,
    NOTES,
    RIGHT,
    SLIPS,
    Linted,
    Planted,
    Slip,
    folders,
    poisoned,
)
from tests.support.planted.poison import poisoned_firmware
from tests.support.planted.zoo import planted_zoo, poisoned_zoo

Records = dict[str, VariantRecord]
WIDTH = 200  # of the printed table


@pytest.fixture(scope="module")
def zoo() -> Path:
    return planted_zoo(folders())


@pytest.fixture(scope="module")
def models(zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Wrong models, and right ones among them, on the firmware as it is."""
    wanted = {item.variant for item in (*MODELS, *NOTES)} | set(RIGHT)
    return measured(config(zoo, tmp_path_factory.mktemp("models"), no_lint=True), wanted)


@pytest.fixture(scope="module")
def firmware(zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Right models on a firmware that makes mistakes."""
    directory = tmp_path_factory.mktemp("poisoned")
    right = poisoned_zoo(zoo, poisoned(), directory / "zoo")
    settings = config(right, directory, no_lint=True)
    wanted = {variant.id for variant in variants(settings)}
    return measured(replace(settings, firmware=poisoned_firmware().elf), wanted)


@pytest.fixture(scope="module")
def linted(zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Models that lints stop, as they do by default: no board is needed."""
    wanted = {item.variant for item in LINTS}
    return measured(config(zoo, tmp_path_factory.mktemp("lints")), wanted)


def config(zoo: Path, reports: Path, *, no_lint: bool = False) -> RunConfig:
    return RunConfig(
        board="nucleo-f746zg-emulated",
        overrides=Overrides(),
        zoo=zoo,
        report_dir=reports,
        resume="never",
        no_lint=no_lint,
    )


def measured(settings: RunConfig, wanted: set[str]) -> Records:
    """The report of a run over these variants, by variant."""
    chosen = [variant for variant in variants(settings) if variant.id in wanted]
    assert {variant.id for variant in chosen} == wanted
    run = Run(settings, SilentProgress(), chosen)
    for variant in chosen:
        with suppress(HilError):  # it is in the record
            run.measured(variant)
    record: RunRecord = run.finish()
    return {variant.id: variant for variant in record.variants}


def cause_of(record: VariantRecord) -> Cause:
    """The one cause that a report names."""
    assert record.explanation is not None, record
    (cause,) = record.explanation.causes
    return cause


@dataclass(frozen=True)
class Row:
    """One planted error, and what the report says of it."""

    planted: Planted | Linted
    kind: CauseKind | None
    found: str
    sentence: str

    @property
    def right(self) -> bool:
        """Whether it is named by its own kind."""
        return self.kind is self.planted.kind


@pytest.fixture(scope="module")
def table() -> Iterator[list[Row]]:
    """Filled by the tests, printed when they are done."""
    rows: list[Row] = []
    yield rows
    print(f"\n{render(rows)}")


def check(planted: Planted, record: VariantRecord, rung: RungName, table: list[Row]) -> None:
    assert record.verdict is Verdict.FAIL, verdict_text(record)
    cause = cause_of(record)
    found = f"{cause.kind}, {record.entered}"
    table.append(Row(planted, cause.kind, found, cause_sentence(cause)))
    assert cause.kind is planted.kind, cause
    mistakes = () if cause.mistake is None else (cause.mistake, *cause.alike)
    if planted.layers:
        assert mistakes, cause
        assert mistakes[0].layers == planted.layers
    shown = (*(mistake.how for mistake in mistakes), *cause.evidence)
    assert any(close(item, planted.shows) for item in shown), cause
    assert record.entered is rung


@pytest.mark.parametrize("planted", MODELS, ids=lambda planted: planted.variant)
def test_mistake_in_a_converted_model_is_named(
    planted: Planted, models: Records, table: list[Row]
) -> None:
    check(planted, models[planted.variant], RungName.TFLITE, table)


@pytest.mark.parametrize("planted", FIRMWARE, ids=lambda planted: planted.variant)
def test_mistake_of_a_firmware_is_named(
    planted: Planted, firmware: Records, table: list[Row]
) -> None:
    check(planted, firmware[planted.variant], RungName.DEVICE, table)


@pytest.mark.parametrize("planted", LINTS, ids=lambda planted: planted.code)
def test_mistake_in_a_file_is_named_by_a_lint(
    planted: Linted, linted: Records, table: list[Row]
) -> None:
    record = linted[planted.variant]
    tell(planted, record, table)
    assert record.verdict is Verdict.ERROR
    assert record.error is not None
    assert record.error.type == "LintFailed"


@pytest.mark.parametrize("planted", NOTES, ids=lambda planted: planted.code)
def test_peculiarity_of_a_file_is_in_the_report(
    planted: Linted, models: Records, table: list[Row]
) -> None:
    tell(planted, models[planted.variant], table)


def tell(planted: Linted, record: VariantRecord, table: list[Row]) -> None:
    found = [item for item in record.lints if item.code == planted.code]
    assert found, record.lints
    lint = found[0]
    table.append(Row(planted, planted.kind, f"lint, {lint.severity}", lint.sentence))


@pytest.mark.parametrize("name", RIGHT)
def test_right_models_pass_among_the_wrong_ones(name: str, models: Records) -> None:
    assert models[name].verdict is Verdict.PASS, verdict_text(models[name])
    assert models[name].explanation is None


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.variant)
def test_a_kernel_that_is_off_by_one_is_named_by_operator_and_step(
    slip: Slip, firmware: Records
) -> None:
    record = firmware[slip.variant]
    assert record.verdict is Verdict.FAIL
    cause = cause_of(record)
    # no mistake of a network does what this kernel does
    assert (cause.kind, cause.mistake) == (CauseKind.UNKNOWN, None), cause
    site = cause.site
    assert site is not None
    assert site.manner is Manner.COMPUTES_DIFFERENTLY
    assert site.apart == 0.0
    assert (site.operator_name, site.subgraph, site.step) == (slip.operator, slip.subgraph, 0)
    assert (site.loop is None) == (slip.subgraph == 0)
    assert site.time_step == slip.time_step


def test_every_known_mistake_is_planted() -> None:
    elsewhere = {CauseKind.NOT_FINITE}  # nothing to diagnose; in plugin/test_given_models.py
    # of other engines than ours: test_peculiar_kernels.py
    elsewhere |= {CauseKind.KERNEL_FORGETS, CauseKind.SINGLE_PRECISION}
    planted = {item.kind for item in (*MODELS, *FIRMWARE, *LINTS, *NOTES)}
    assert planted == set(KNOWN_KINDS) - elsewhere


def render(rows: list[Row]) -> str:
    """The table, and how many of the known mistakes were named."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH)
    shown = Table("kind", "planted in", "variant", "found as", "sentence", box=None)
    for row in sorted(rows, key=lambda row: KNOWN_KINDS.index(row.planted.kind)):
        sentence = escape(row.sentence)
        shown.add_row(row.planted.kind, row.planted.where, row.planted.variant, row.found, sentence)
    console.print(shown)
    right = {row.planted.kind for row in rows if row.right}
    console.print(f"{len(right)} of {len(KNOWN_KINDS)} known mistakes named;")
    count = sum(row.right for row in rows)
    console.print(f"{len(rows)} mistakes planted, {count} of them named by their own kind")
    return text.getvalue()
