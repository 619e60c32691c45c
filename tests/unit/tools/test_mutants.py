"""The mutation driver: what it plants, and which of it is listed as a survivor."""

import ast
from pathlib import Path

import pytest

from tools.mutants import Mutant, cpp_mutants, hunt, python_mutants

PATH = Path("x.py")

PYTHON = '''
def inside(x: float, low: int, *, strict: bool = True) -> bool:
    """Says `x < 5` and "a + b" in words."""
    wide = "é" + str(low) if x is not None else ""  # 1 + 1
    return low <= x < 5 and (strict or wide not in "abc")
'''

CPP = """
#if A < B
template <int A, int B = A + 1>
static_assert(2 < 3);
int F(const std::array<int, 2>& a) {  // x + y
  const char* text = "a - b \\" + c";
  return a[0] << 2 < 7 && text != nullptr ? a[1] - 1 : 0;
}
"""


def test_python_mutants_are_each_one_change_that_parses() -> None:
    mutants = list(python_mutants(PATH, PYTHON))
    changes = {(mutant.before, mutant.after) for mutant in mutants}
    assert changes == {
        ("True", "False"),
        ("+", "-"),
        ("is not", "is"),
        ("<=", "<"),
        ("<", "<="),
        ("5", "(5 + 1)"),
        ("and", "or"),
        ("or", "and"),
        ("not in", "in"),
    }
    for mutant in mutants:
        changed = mutant.applied(PYTHON)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(PYTHON))
        assert changed.splitlines()[mutant.line - 1] != PYTHON.splitlines()[mutant.line - 1]


def test_cpp_mutants_leave_comments_strings_and_templates_alone() -> None:
    changes = [(mutant.before, mutant.line) for mutant in cpp_mutants(Path("x.cc"), CPP)]
    assert changes == [(" << ", 7), (" < ", 7), (" && ", 7), (" != ", 7), (" - ", 7)]


class Notices:
    """A bench whose tests look at one kind of change only."""

    def __init__(self, seen: str) -> None:
        self.mutants = list(python_mutants(PATH, PYTHON))
        self._seen = seen

    def notices(self, mutant: Mutant | None) -> bool:
        """Whether it is that change."""
        return mutant is not None and mutant.before == self._seen


def test_survivors_are_listed() -> None:
    outcome = hunt("room", Notices("and"), seconds=60, seed=1)
    assert outcome.planted == outcome.possible
    assert {mutant.before for mutant in outcome.survivors} == {
        mutant.before for mutant in python_mutants(PATH, PYTHON)
    } - {"and"}
    assert f"{outcome.possible} possible mutants planted, 1 noticed" in str(outcome)
    assert "x.py:5: `<=` became `<`" in str(outcome)


def test_time_that_is_up_ends_the_hunt() -> None:
    outcome = hunt("room", Notices("and"), seconds=-1, seed=1)
    assert (outcome.planted, outcome.survivors) == (0, ())


def test_tests_that_fail_anyway_are_no_measure() -> None:
    class Broken(Notices):
        def notices(self, mutant: Mutant | None) -> bool:
            return mutant is None or super().notices(mutant)

    with pytest.raises(SystemExit, match="without any mutant"):
        hunt("room", Broken(""), seconds=60, seed=1)
