"""Kinds of Keras models by exports by types: the error against Keras, or why it is refused.

    python -m tools.conversion_table                  # all of them, a quarter of an hour
    python -m tools.conversion_table lstm embedding   # some kinds
    python -m tools.conversion_table --to int8 --export shift --export step

Errors are those of desktop TFLite Micro, as a share of the range of Keras' output, on random
sequences. Refusals stand below the table by their number. The kinds are those of
`tests/support/model_kinds.py`, which the tests use, too.
"""

from __future__ import annotations

import argparse
import sys

from tflm_hil.vocabulary import ExportKind, Precision

from tests.support.conversions import Job, Outcome, names_of_kinds, outcomes

WIDTH = 26


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if a conversion differs from Keras or a process died."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", help="names of kinds (default: all)")
    parser.add_argument("--export", action="append", choices=tuple(ExportKind), default=[])
    parser.add_argument("--to", action="append", choices=tuple(Precision), default=[])
    options = parser.parse_args(arguments)
    exports = options.export or list(ExportKind)
    types = options.to or list(Precision)
    jobs = [
        Job("kinds", name, str(export), str(dtype))
        for name in options.kinds or names_of_kinds()
        for export in exports
        for dtype in types
    ]
    table = Table(len(exports) * len(types))
    for outcome in outcomes(jobs):
        table.add(outcome)
    table.end()
    return 0 if table.right else 1


class Table:
    """Prints a row when its last outcome is there."""

    def __init__(self, columns: int) -> None:
        self.right = True
        self._columns = columns
        self._row: list[Outcome] = []
        self._refusals: dict[tuple[str, str], int] = {}
        self._heading = False

    def add(self, outcome: Outcome) -> None:
        """The next outcome of the row."""
        self._row.append(outcome)
        self.right &= outcome.refusal != "" or outcome.equal
        self.right &= not outcome.crashed
        if len(self._row) == self._columns:
            self._print()
            self._row = []

    def end(self) -> None:
        """The refusals."""
        for (sentence, remedy), number in self._refusals.items():
            print(f"[{number}] {sentence}\n     → {remedy}")

    def _print(self) -> None:
        if not self._heading:
            self._heading = True
            names = [f"{item.job.export} {item.job.dtype}" for item in self._row]
            print(" " * WIDTH + " ".join(f"{name:>16}" for name in names))
        cells = [f"{self._cell(item):>16}" for item in self._row]
        print(f"{self._row[0].job.name:{WIDTH}}" + " ".join(cells), flush=True)

    def _cell(self, item: Outcome) -> str:
        if item.unrunnable:
            return "UNRUNNABLE"
        if not item.refusal:
            return f"{item.error:.1e}" + ("" if item.equal else " WRONG")
        key = item.kind, item.remedy.splitlines()[0] if item.remedy else ""
        number = self._refusals.setdefault(key, len(self._refusals) + 1)
        return f"[{number}]" + (" CRASHED" if item.crashed else "")


if __name__ == "__main__":
    sys.exit(main())
