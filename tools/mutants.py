"""Plants small mistakes in the code, one at a time, and lists those that no test notices.

    python tools/mutants.py [--seconds 600] [--seed 0] [--only comparison|link|kernels]

Python: the rooms comparison and link, each mutant against the unit tests of its own module. C++:
the builtin engine, rebuilt for the desktop, against the host tests of the engine. Both in copies
below build/mutants, side by side; the sources themselves are never touched.

There are more mutants than time: they are drawn at random, the same ones for the same seed. A
survivor is either a test that is missing or a change that makes no difference; people decide.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "mutants"
PACKAGE = Path("harness/tflm_hil")
ENGINE = Path("firmware/engine/builtin")
PYTHON_ROOMS = ("comparison", "link")
HANGS_SECONDS = 300

SWAPPED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}

# clang-format puts blanks around binary operators, and none around the brackets of templates
CPP_OPERATORS = {
    " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ",
    " + ": " - ", " - ": " + ", " * ": " + ", " / ": " * ", " % ": " + ", " && ": " || ",
    " || ": " && ", " << ": " >> ", " >> ": " << ", " += ": " -= ", " -= ": " += ",
}  # fmt: skip
CPP_TOKENS = re.compile("|".join(map(re.escape, sorted(CPP_OPERATORS, key=len, reverse=True))))
CPP_SKIPPED = re.compile(
    r"//[^\n]*|\"(?:\\.|[^\"\\])*\"|^\s*(?:#|static_assert|template)[^\n]*", re.M
)


@dataclass(frozen=True)
class Mutant:
    """One change of a source: `before` at `offset` becomes `after`."""

    path: Path  # from the root of the repository
    offset: int
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: `{self.before.strip()}` became `{self.after.strip()}`"

    def applied(self, source: str) -> str:
        """The source with the change."""
        end = self.offset + len(self.before)
        assert source[self.offset : end] == self.before
        return source[: self.offset] + self.after + source[end:]


def python_mutants(path: Path, source: str) -> Iterator[Mutant]:
    """Operators swapped, numbers one larger, truth values turned round."""
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))

    def at(line: int, column: int) -> int:
        encoded = source[starts[line - 1] : starts[line]].encode()
        return starts[line - 1] + len(encoded[:column].decode())

    def between(left: ast.expr, right: ast.expr, operator: ast.AST) -> Iterator[Mutant]:
        before, after = SWAPPED.get(type(operator), ("", ""))
        start = at(left.end_lineno or 0, left.end_col_offset or 0)
        gap = source[start : at(right.lineno, right.col_offset)]
        place = gap.find(before) if before else -1
        if place >= 0:
            line = (left.end_lineno or 0) + gap[:place].count("\n")
            yield Mutant(path, start + place, line, before, after)

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            for left, right, sign in zip(operands, node.comparators, node.ops, strict=False):
                yield from between(left, right, sign)
        elif isinstance(node, ast.BinOp):
            yield from between(node.left, node.right, node.op)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from between(left, right, node.op)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            start = at(node.lineno, node.col_offset)
            before = source[start : at(node.end_lineno or 0, node.end_col_offset or 0)]
            value = node.value
            after = str(not value) if isinstance(value, bool) else f"({before} + 1)"
            yield Mutant(path, start, node.lineno, before, after)


def cpp_mutants(path: Path, source: str) -> Iterator[Mutant]:
    """Binary operators swapped, outside comments, strings, templates and the preprocessor."""
    blanked = CPP_SKIPPED.sub(lambda match: "\0" * len(match[0]), source)
    for match in CPP_TOKENS.finditer(blanked):
        line = source.count("\n", 0, match.start()) + 1
        yield Mutant(path, match.start(), line, match[0], CPP_OPERATORS[match[0]])


class Bench(Protocol):
    """A copy of the sources in which a mutant is planted and tested."""

    mutants: list[Mutant]

    def notices(self, mutant: Mutant | None) -> bool:
        """Whether the tests fail with the mutant (None: with the code as it is)."""


class PythonBench:
    """The package copied and put before the installed one; mirrored unit tests."""

    def __init__(self, room: str) -> None:
        self.copy = WORK / f"python-{room}"
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(ROOT / PACKAGE, self.copy / "tflm_hil")
        self.room = room
        self.mutants = [
            mutant
            for path in sorted((ROOT / PACKAGE / room).glob("*.py"))
            for mutant in python_mutants(path.relative_to(ROOT), path.read_text())
        ]

    def tests(self, mutant: Mutant | None) -> Path:
        """The mirrored test module; the tests of the whole room if there is none."""
        folder = ROOT / "tests" / "unit" / self.room
        mirrored = folder / f"test_{mutant.path.stem}.py" if mutant else folder
        return mirrored if mirrored.exists() else folder

    def notices(self, mutant: Mutant | None) -> bool:
        """The tests in a process of their own."""
        if mutant is None:
            return self._fails(None)
        target = self.copy / mutant.path.relative_to("harness")
        original = target.read_text()
        try:
            target.write_text(mutant.applied(original))
            return self._fails(mutant)
        finally:
            target.write_text(original)

    def _fails(self, mutant: Mutant | None) -> bool:
        tests = self.tests(mutant)
        return failed_in_fork(
            ["-q", "-x", "--tb=no", "-p", "no:cacheprovider", str(tests)], self.copy
        )


class KernelBench:
    """The firmware copied and built for the desktop; the host tests of the engine."""

    def __init__(self) -> None:
        self.copy = WORK / "kernels"
        source = self.copy / "firmware"
        shutil.rmtree(source, ignore_errors=True)
        ignored = shutil.ignore_patterns("build*")
        shutil.copytree(ROOT / "firmware", source, ignore=ignored)
        # the host tests read the models of the zoo and the vectors of the link
        for name in ("fixtures", "tests"):
            (self.copy / name).unlink(missing_ok=True)
            (self.copy / name).symlink_to(ROOT / name)
        build = str(self.copy / "build")
        options = ["-G", "Ninja", "-DHIL_BOARD=posix", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"]
        subprocess.run(
            ["cmake", "-S", source, "-B", build, *options], check=True, stdout=subprocess.DEVNULL
        )
        self.build = ["cmake", "--build", build]
        subprocess.run(self.build, check=True, stdout=subprocess.DEVNULL)
        self.test = ["ctest", "--test-dir", build, "--stop-on-failure", "-Q"]
        self.mutants = [
            mutant
            for path in sorted((ROOT / ENGINE).rglob("*.cc"))
            for mutant in cpp_mutants(path.relative_to(ROOT), path.read_text())
        ]

    def notices(self, mutant: Mutant | None) -> bool:
        """Build and test; what does not compile counts as noticed."""
        if mutant is None:
            return fails(self.build) or fails(self.test)
        target = self.copy / mutant.path
        original = target.read_text()
        try:
            target.write_text(mutant.applied(original))
            return fails(self.build) or fails(self.test)
        finally:
            target.write_text(original)


def failed_in_fork(arguments: list[str], path: Path) -> bool:
    """Whether pytest fails, or hangs, in a fork of this process, with `path` first on its path.

    What takes longest to import is there already; nothing of the package may be.
    """
    import hypothesis
    import hypothesis.strategies
    import numpy  # noqa: F401  imported for the forks
    import pytest

    assert "tflm_hil" not in sys.modules
    child = os.fork()
    if child == 0:
        silent = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silent, descriptor)
        os.setpgid(0, 0)  # with whatever the tests start
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(path))
        os.chdir(ROOT)
        # one failing example is enough
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", phases=phases, database=None, deadline=None)
        hypothesis.settings.load_profile("mutants")
        os._exit(int(pytest.main(arguments)))
    deadline = time.monotonic() + HANGS_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def fails(command: list[str]) -> bool:
    """Whether a command fails, or hangs: an endless loop is noticed, too."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, timeout=HANGS_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


@dataclass(frozen=True)
class Outcome:
    """What became of the mutants of one bench."""

    name: str
    possible: int
    planted: int
    survivors: tuple[Mutant, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.planted} of {self.possible} possible mutants planted,"
            f" {self.planted - len(self.survivors)} noticed, {len(self.survivors)} survived"
        ]
        return "\n  ".join([*lines, *map(str, self.survivors)])


def hunt(name: str, bench: Bench, seconds: float, seed: int) -> Outcome:
    """Mutants of one bench in random order until the time is up."""
    deadline = time.monotonic() + seconds
    if bench.notices(None):
        raise SystemExit(f"{name}: the tests fail without any mutant; make them pass first")
    drawn = sorted(bench.mutants, key=str)
    random.Random(seed).shuffle(drawn)
    planted = 0
    survivors: list[Mutant] = []
    for mutant in drawn:
        if time.monotonic() > deadline:
            break
        planted += 1
        if not bench.notices(mutant):
            survivors.append(mutant)
    return Outcome(name, len(drawn), planted, tuple(sorted(survivors, key=str)))


def main() -> None:
    """Hunts, prints the survivors, and writes them to build/mutants/report-*.txt."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600, help="time for all (default 600)")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other mutants")
    parser.add_argument("--only", choices=(*PYTHON_ROOMS, "kernels"), help="one room only")
    chosen = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    beside = None
    if chosen.only == "kernels":
        keep(hunt("kernels", KernelBench(), chosen.seconds, chosen.seed))
    if chosen.only is None:  # the compiler works in a process of its own
        again = [sys.executable, __file__, "--only", "kernels"]
        again += ["--seconds", str(chosen.seconds), "--seed", str(chosen.seed)]
        beside = subprocess.Popen(again)
    rooms = [room for room in PYTHON_ROOMS if chosen.only in (None, room)]
    for room in rooms:
        keep(hunt(room, PythonBench(room), chosen.seconds / len(rooms), chosen.seed))
    if beside is not None and beside.wait() != 0:
        raise SystemExit(1)


def keep(outcome: Outcome) -> None:
    """Prints an outcome and writes it down."""
    (WORK / f"report-{outcome.name}.txt").write_text(f"{outcome}\n")
    print(outcome, flush=True)


if __name__ == "__main__":
    main()
