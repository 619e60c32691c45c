"""What the next run does about those that were cut off."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from tflm_hil.errors import ConfigurationError
from tflm_hil.report import journal_lines
from tflm_hil.report.cut_off import Plan, plan_for, plan_to_go_on
from tflm_hil.report.journal import JOURNAL_NAME, Journal, RunScope
from tflm_hil.report.resumption import PassedOver, PassedOverRecord

BOARD = "some-board"
BOTH = RunScope(BOARD, ("a 00", "b 11"))
ONE = RunScope(BOARD, ("a 00",))
OTHER = RunScope(BOARD, ("c 22",))


def run(
    reports: Path, name: str, scope: RunScope = BOTH, *, age_s: float = 0.0, closed: bool = False,
    results: int = 3,
) -> Path:  # fmt: skip
    """A run in `reports` that ended `age_s` ago."""
    journal = Journal(reports / name, scope)
    for key in range(results):
        journal.result("context", key, b"answer", (1,))
    if closed:
        journal.close(verdict="pass")
    else:
        journal.leave()
    ended = time.time() - age_s
    os.utime(journal.path, (ended, ended))
    return journal.path.parent


def test_a_run_of_the_same_models_goes_on(tmp_path: Path) -> None:
    cut = run(tmp_path, "cut")
    assert plan_for(tmp_path, BOTH) == Plan(go_on=cut)


def test_a_run_of_more_models_goes_on(tmp_path: Path) -> None:
    cut = run(tmp_path, "cut", ONE)
    assert plan_for(tmp_path, BOTH) == Plan(go_on=cut)


def test_a_finished_run_is_finished(tmp_path: Path) -> None:
    run(tmp_path, "finished", closed=True)
    assert plan_for(tmp_path, BOTH) == Plan()


@pytest.mark.parametrize(
    ("scope", "borrows"),
    [
        (ONE, True),
        (OTHER, False),
        (RunScope(BOARD, BOTH.variants, sequences=5), True),
        (RunScope(BOARD, BOTH.variants, firmware="tflm"), True),
        (RunScope(BOARD, ("a 33", "b 11")), True),
    ],
)
def test_a_run_of_others_leaves_it_says_so_and_takes_what_fits(
    tmp_path: Path, scope: RunScope, *, borrows: bool
) -> None:
    cut = run(tmp_path, "cut")
    assert plan_for(tmp_path, scope) == Plan(
        borrow=(cut,) if borrows else (),
        passed_over=PassedOverRecord("cut", PassedOver.OTHER_SCOPE, 3),
    )
    # and the run that it was is still gone on with, whatever came between
    run(tmp_path, "between", scope, closed=True)
    assert plan_for(tmp_path, BOTH).go_on == cut


def test_a_run_that_has_nothing_is_not_worth_a_word(tmp_path: Path) -> None:
    run(tmp_path, "cut", results=0)
    assert plan_for(tmp_path, OTHER).passed_over is None


def test_what_has_been_said_is_not_said_again(tmp_path: Path) -> None:
    run(tmp_path, "cut", age_s=60)
    run(tmp_path, "next", OTHER, closed=True)
    assert plan_for(tmp_path, OTHER).passed_over is None


def test_a_finished_run_of_the_same_models_supersedes_it(tmp_path: Path) -> None:
    run(tmp_path, "cut", ONE, age_s=60)
    run(tmp_path, "finished", BOTH, closed=True)
    assert plan_for(tmp_path, ONE) == Plan()


def test_an_earlier_finished_run_does_not(tmp_path: Path) -> None:
    run(tmp_path, "finished", BOTH, age_s=60, closed=True)
    cut = run(tmp_path, "cut")
    assert plan_for(tmp_path, BOTH) == Plan(go_on=cut)


def test_of_several_the_latest_is_gone_on_with_and_the_others_help(tmp_path: Path) -> None:
    first, second = run(tmp_path, "first", age_s=60), run(tmp_path, "second")
    assert plan_for(tmp_path, BOTH) == Plan(go_on=second, borrow=(first,))
    assert plan_for(tmp_path, BOTH, in_place=False) == Plan(borrow=(second, first))


def test_runs_on_other_boards_are_no_concern_of_this_one(tmp_path: Path) -> None:
    run(tmp_path, "cut", RunScope("other-board", BOTH.variants))
    assert plan_for(tmp_path, BOTH) == Plan()


def test_a_running_run_is_left_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "running", BOTH)
    journal.result("context", 0, b"", ())
    assert plan_for(tmp_path, BOTH) == Plan()
    journal.leave()
    assert plan_for(tmp_path, BOTH).go_on == tmp_path / "running"


@pytest.mark.parametrize("closed", [False, True])
def test_a_run_of_another_version_is_told_if_it_was_cut_off(
    tmp_path: Path, *, closed: bool
) -> None:
    path = tmp_path / "old" / JOURNAL_NAME
    path.parent.mkdir()
    lines = [
        b'{"event":"run","board":"some-board","format":2,"resumed":false}',
        b'{"event":"result","context":"c","key":0,"outputs":"AA==","cycles":[1]}',
        *([b'{"event":"closed","verdict":"pass"}'] if closed else []),
    ]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    record = PassedOverRecord("old", PassedOver.OTHER_VERSION, 1)
    assert plan_for(tmp_path, BOTH) == Plan(passed_over=None if closed else record)
    assert plan_for(tmp_path, RunScope("other-board")) == Plan()


def test_a_run_whose_beginning_is_damaged_helps_and_is_told(tmp_path: Path) -> None:
    cut = run(tmp_path, f"20260101-120000-{BOARD}")
    path = cut / JOURNAL_NAME
    path.write_bytes(path.read_bytes().replace(b'"a 00"', b'"a 01"'))
    record = PassedOverRecord(cut.name, PassedOver.UNREADABLE, 3)
    assert plan_for(tmp_path, BOTH) == Plan(borrow=(cut,), passed_over=record)
    assert plan_for(tmp_path, RunScope("other")) == Plan()
    run(tmp_path, "finished", BOTH, closed=True)
    assert plan_for(tmp_path, BOTH) == Plan()


def test_a_run_that_was_gone_on_with_tells_it_twice(tmp_path: Path) -> None:
    cut = run(tmp_path, "cut")
    run(tmp_path, "cut")
    path = cut / JOURNAL_NAME
    path.write_bytes(path.read_bytes().replace(b'"a 00"', b'"a 01"', 1))
    assert plan_for(tmp_path, BOTH).go_on == cut


def test_garbage_is_no_run(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"\n", b"\x00\xff{garbage", b"[]\n", b"null\n{}\n")):
        path = tmp_path / f"run-{BOARD}-{number}" / JOURNAL_NAME
        path.parent.mkdir()
        path.write_bytes(content)
    plan = plan_for(tmp_path, BOTH)
    assert (plan.go_on, plan.passed_over) == (None, None)


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (ONE, "it has b, too"),
        (OTHER, "it has a, b, too"),
        (RunScope("other", BOTH.variants), "it was on some-board"),
        (RunScope(BOARD, BOTH.variants, sequences=4), "other settings"),
    ],
)
def test_a_run_that_is_named_must_be_of_the_same(
    tmp_path: Path, scope: RunScope, said: str
) -> None:
    cut = run(tmp_path, "cut")
    assert plan_to_go_on(cut, BOTH) == Plan(cut)
    with pytest.raises(ConfigurationError, match=said) as caught:
        plan_to_go_on(cut, scope)
    assert "leave out --hil-resume" in caught.value.remedy


@pytest.mark.parametrize("length", [1, 70_000])
def test_of_a_long_journal_only_the_ends_are_looked_at(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "run", BOTH)
    for key in range(200):
        journal.result("context", key, bytes(3000), (1,))
    journal.result("context", 200, bytes(length), (1,))
    journal.leave()
    taken = []
    whole = journal_lines.decode

    def decode(line: bytes) -> dict[str, object] | None:
        taken.append(len(line))
        return whole(line)

    monkeypatch.setattr(journal_lines, "decode", decode)
    assert plan_for(tmp_path, BOTH) == Plan(go_on=tmp_path / "run")
    assert sum(taken) < 4 * max(65536, 4 * length)
