"""Each of the 25 silent failures, planted in something real, is found and named by a run's report.

`pytest -s` prints the table: number, where it is planted, how it is found, what is said. The run is
the actual one, on an emulated board: models are flashed and streamed, references computed, verdicts
given. Three runs in all: wrong models on the firmware as it is; right models on a firmware that
makes mistakes; and wrong models that lints stop before anything is flashed.
"""

from __future__ import annotations

import io
import re
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
from tflm_hil.report.records import RunRecord, VariantRecord, Verdict
from tflm_hil.report.render.progress import SilentProgress
from tflm_hil.run.run import Run

from tests.support.planted.catalogue import (
    COUNT,
    FIRMWARE,
    LINTS,
    MODELS,
    NAMES,
    NOTES,
    RIGHT,
    SLIPS,
    Planted,
    Slip,
    folders,
    poisoned,
)
from tests.support.planted.poison import poisoned_firmware
from tests.support.planted.zoo import planted_zoo, poisoned_zoo

Records = dict[str, VariantRecord]
WIDTH = 200  # of the printed table
SLIPPED = (
    r"Operator \d+ (\w+)(?: of subgraph (\d+) \(run by operator \d+\))? computes differently: its"
    r" inputs are equal, its output is not \(at step 0(?:, time step (\d+) of its input)?\): tensor"
)


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


def named(record: VariantRecord) -> int | None:
    """The number of the cause that a sentence names."""
    found = re.search(r"Cause: (.*?): ", record.sentence)
    by_name = {name: number for number, name in NAMES.items()}
    return by_name[found.group(1)] if found else None


@dataclass(frozen=True)
class Row:
    """One planted error, and what the report says of it."""

    planted: Planted
    found: str
    sentence: str


@pytest.fixture(scope="module")
def table() -> Iterator[list[Row]]:
    """Filled by the tests, printed when they are done."""
    rows: list[Row] = []
    yield rows
    print(f"\n{render(rows)}")


def check(planted: Planted, record: VariantRecord, rung: str, table: list[Row]) -> None:
    cause = record.sentence[record.sentence.find("Cause: ") :]
    table.append(Row(planted, f"{named(record)}, {record.verdict_rung}", cause))
    assert record.verdict is Verdict.FAIL, record.sentence
    assert named(record) == planted.number, record.sentence
    assert planted.says in record.sentence, record.sentence
    assert record.verdict_rung == rung


@pytest.mark.parametrize("planted", MODELS, ids=lambda planted: planted.variant)
def test_mistake_in_a_converted_model_is_named(
    planted: Planted, models: Records, table: list[Row]
) -> None:
    check(planted, models[planted.variant], "tflite", table)


@pytest.mark.parametrize("planted", FIRMWARE, ids=lambda planted: planted.variant)
def test_mistake_of_a_firmware_is_named(
    planted: Planted, firmware: Records, table: list[Row]
) -> None:
    check(planted, firmware[planted.variant], "device", table)


@pytest.mark.parametrize("planted", LINTS, ids=lambda planted: planted.says)
def test_mistake_in_a_file_is_named_by_a_lint(
    planted: Planted, linted: Records, table: list[Row]
) -> None:
    record = linted[planted.variant]
    tell(planted, record, table)
    assert record.verdict is Verdict.ERROR
    assert f"not flashed ({planted.says}): " in record.sentence


@pytest.mark.parametrize("planted", NOTES, ids=lambda planted: planted.says)
def test_peculiarity_of_a_file_is_in_the_report(
    planted: Planted, models: Records, table: list[Row]
) -> None:
    tell(planted, models[planted.variant], table)


def tell(planted: Planted, record: VariantRecord, table: list[Row]) -> None:
    found = [item for item in record.lints if item.code == planted.says]
    assert found, record.lints
    table.append(Row(planted, f"lint, {found[0].severity}", found[0].sentence))


@pytest.mark.parametrize("name", RIGHT)
def test_right_models_pass_among_the_wrong_ones(name: str, models: Records) -> None:
    assert models[name].verdict is Verdict.PASS, models[name].sentence
    assert "Cause" not in models[name].sentence


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.variant)
def test_a_kernel_that_is_off_by_one_is_named_by_operator_and_step(
    slip: Slip, firmware: Records
) -> None:
    record = firmware[slip.variant]
    assert record.verdict is Verdict.FAIL
    found = re.search(SLIPPED, record.sentence)
    assert found is not None, record.sentence
    operator, subgraph, time_step = found.groups()
    assert operator == slip.operator
    assert int(subgraph or 0) == slip.subgraph
    assert (None if time_step is None else int(time_step)) == slip.time_step
    # no mistake of a network does what this kernel does
    assert named(record) is None, record.sentence
    assert "look into that operator" in record.sentence


def test_all_of_the_25_are_planted() -> None:
    numbers = {planted.number for planted in (*MODELS, *FIRMWARE, *LINTS, *NOTES)}
    assert numbers == set(range(1, COUNT + 1))


def render(rows: list[Row]) -> str:
    """The table, and how many of the 25 were named."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH)
    shown = Table("no.", "planted in", "variant", "found as", "sentence", box=None)
    for row in sorted(rows, key=lambda row: row.planted.number):
        number = str(row.planted.number)
        sentence = escape(row.sentence)
        shown.add_row(number, row.planted.where, row.planted.variant, row.found, sentence)
    console.print(shown)
    right = {row.planted.number for row in rows if row_is_right(row)}
    console.print(f"{len(right)} of {COUNT} silent failures named; {len(rows)} mistakes planted,")
    console.print(f"{sum(map(row_is_right, rows))} of them named by their own number")
    return text.getvalue()


def row_is_right(row: Row) -> bool:
    return row.found.startswith("lint") or row.found.split(",")[0] == str(row.planted.number)
