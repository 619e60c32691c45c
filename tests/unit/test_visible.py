"""Names that others made reach every output as something to read."""

from __future__ import annotations

import ast
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text
from tflm_hil.errors import ConfigurationError
from tflm_hil.models.tflite.c_array import c_array
from tflm_hil.report import json_report
from tflm_hil.report.records import FailingTest, RunRecord, TestOutcome
from tflm_hil.report.render import html, markdown, terminal
from tflm_hil.report.render.console import Console
from tflm_hil.visible import in_a_line, in_json, visible

from tests.unit.report import synthetic

PACKAGE = Path(__file__).parents[2] / "harness" / "tflm_hil"
HOSTILE = "a\x1b[2J\x07\r\x9b31m\u202eb\u2028c\u200bd\x7f\ue000"
OBEYED = "\x1b\x07\r\x9b\u202e\u2028\u200b\x7f"
SHOWN = r"a\x1b[2J\x07\r\x9b31m\u202eb\u2028c\u200bd\x7f" + "\ue000"


def obeyed(text: str) -> set[str]:
    """What an output would obey in `text`."""
    return set(OBEYED) & set(text)


def hostile_run() -> RunRecord:
    """Each kind of name is hostile: run, models, variants, tests, messages, findings."""
    run = synthetic.run()
    variants = [
        replace(
            item,
            id=f"{item.id}{HOSTILE}",
            model=f"{item.model}{HOSTILE}",
            title=HOSTILE,
            error=item.error and replace(item.error, sentence=HOSTILE, details=(HOSTILE,)),
        )
        for item in run.variants
    ]
    test = FailingTest(HOSTILE, TestOutcome.ERROR, HOSTILE, 1, HOSTILE, HOSTILE)
    incidents = tuple(replace(item, test=HOSTILE) for item in run.incidents)
    assert run.circumstances is not None
    board = replace(run.circumstances.board, name=HOSTILE, tty=HOSTILE)
    return replace(
        run,
        run_id=HOSTILE,
        variants=tuple(variants),
        incidents=incidents,
        findings=(HOSTILE,),
        failing_tests=(test,),
        circumstances=replace(run.circumstances, board=board),
    )


def test_what_would_be_obeyed_is_shown_and_the_rest_stays() -> None:
    assert visible(HOSTILE) == SHOWN
    assert visible("é ✓ 日本\t\n\ue000") == "é ✓ 日本\t\n\ue000"
    assert visible("\udcff") == r"\udcff"
    assert in_a_line("a\nb\tc") == r"a\nb\tc"


def test_json_says_the_same() -> None:
    text = in_json(json.dumps([HOSTILE, "\U000e0041"], ensure_ascii=False))
    assert not obeyed(text)
    assert "\U000e0041" not in text
    assert json.loads(text) == [HOSTILE, "\U000e0041"]


@pytest.mark.parametrize(
    "render",
    [
        terminal.render,
        lambda run: terminal.render(run, with_details=True),
        lambda run: terminal.render(run, rows="entries"),
        html.render,
        markdown.render,
    ],
)
def test_no_report_obeys_a_name(render: Callable[[RunRecord], str]) -> None:
    text = render(hostile_run())
    assert obeyed(text) == set()
    assert r"\u202e" in text, "and it is shown"


def test_with_colours_there_are_only_our_own(tmp_path: Path) -> None:
    text = terminal.render(hostile_run(), colour=True)
    assert obeyed(text) == {"\x1b"}
    assert "\x1b[2J" not in text
    json_report.write(hostile_run(), tmp_path)
    assert not obeyed((tmp_path / "report.json").read_text("utf-8"))
    assert json_report.read(tmp_path) == hostile_run()


def test_cells_of_a_table_keep_their_width() -> None:
    console = Console(file=io.StringIO(), width=40)
    table = Table("name", "next")
    table.add_row(HOSTILE, "x")
    table.add_row(Text("\x1b" * 60), "y")
    with console.capture() as capture:
        console.print(table)
    assert not obeyed(capture.get())
    assert max(map(len, capture.get().splitlines())) <= 40


def test_an_error_does_not_obey_what_it_names() -> None:
    assert not obeyed(str(ConfigurationError(HOSTILE, remedy=HOSTILE, board=HOSTILE)))


def test_a_comment_of_c_ends_where_it_ends(tmp_path: Path) -> None:
    name = f'x\n#error "out of the comment"\n{HOSTILE}\\'
    source, header = c_array(b"\1\2", name)
    assert not obeyed(source + header)
    (tmp_path / "model.cc").write_text(source)
    compiled = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    subprocess.run([*compiled, tmp_path / "model.cc"], check=True)


def test_commands_print_by_one_way() -> None:
    """`print` is for what a console has made already."""
    calls = [
        f"{path.name}: {ast.unparse(node)}"
        for path in sorted((PACKAGE / "commands").glob("*.py"))
        if path.name != "say.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert len(calls) == 3, calls
    assert all("render(" in call or call.endswith("print(text)") for call in calls)


def test_nobody_takes_another_console() -> None:
    for path in PACKAGE.glob("**/*.py"):
        if path.name != "console.py":
            assert "from rich.console import Console" not in path.read_text(), path
