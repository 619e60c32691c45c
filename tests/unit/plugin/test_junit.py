"""pytest's XML: the whole of it, or what was there before."""

from __future__ import annotations

import pytest

SUITE = """
import pytest

def test_it(): pass
"""
SPY = """
import pytest
from pathlib import Path

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    print("seen:", Path("junit.xml").read_text()[:5])
    {then}
"""


@pytest.mark.parametrize("then", ["pass", "raise KeyboardInterrupt", "raise ValueError"])
def test_the_file_is_there_when_it_is_whole(pytester: pytest.Pytester, then: str) -> None:
    """A hook behind the one that writes it still finds the old one; and it stays if that fails."""
    pytester.makepyfile(test_inner=SUITE, spy=SPY.format(then=then))
    (pytester.path / "junit.xml").write_text("old report")
    arguments = ["-p", "spy", "--junitxml=junit.xml", "--board", "nucleo-f746zg-emulated"]
    result = pytester.runpytest_subprocess(*arguments)
    result.stdout.fnmatch_lines(["*seen: old r*"])
    text = (pytester.path / "junit.xml").read_text()
    if then == "pass":
        assert text.startswith("<?xml")
        result.stdout.fnmatch_lines(["*generated xml file: */junit.xml*"])
    else:
        assert text == "old report"
    assert not list(pytester.path.glob(".*.part"))
