"""The table of `tools.conversion_table`: printed as it grows, and as a page of `docs/`."""

from __future__ import annotations

from tests.support.conversions import TRIED, Outcome

WIDTH = 26

HEAD = """# Which models convert

Made by `python -m tools.conversion_table --save docs/conversions.md`; edit the tool, not this page.

Every row is a kind of Keras model (`tests/support/model_kinds.py` has the code of each), every
column an export in a type. A number with an exponent is the largest error against Keras of what
desktop TFLite Micro computes: of all outputs on {sequences} random sequences, as a share of the
range of Keras' output. Weights and inputs are drawn, so an integer form has little to hold on to:
a trained model is nearer. A number in brackets is a refusal below; `hil convert` says that
sentence, and what stands behind the arrow. A model that was converted
and that a comparison with Keras then refused has its error beside the refusal. UNRUNNABLE is what
converts and no engine runs: `hil convert` says so, tries other ways, and ends with 1.
"""


class Table:
    """Prints a row when its last outcome is there; `right`: nothing differs and nothing crashed."""

    def __init__(self, columns: int) -> None:
        self.right = True
        self._columns = columns
        self._rows: list[list[Outcome]] = [[]]
        self._refusals: dict[tuple[str, str], int] = {}
        self._sentences: dict[int, str] = {}  # the first of each kind, in full

    def add(self, outcome: Outcome) -> None:
        """The next outcome of the row."""
        row = self._rows[-1]
        row.append(outcome)
        self.right &= outcome.refusal != "" or outcome.equal
        self.right &= not outcome.crashed
        if len(row) == self._columns:
            self._print(row, heading=len(self._rows) == 1)
            self._rows.append([])

    def end(self) -> None:
        """The refusals, printed."""
        for (_, remedy), number in self._refusals.items():
            print(f"[{number}] {self._sentences[number]}\n     → {remedy}")

    def page(self) -> str:
        """Everything as Markdown, an export after the other: a table of them all is too wide."""
        rows = [row for row in self._rows if row]
        exports = list(dict.fromkeys(item.job.export for item in rows[0]))
        lines = [HEAD.format(sequences=TRIED)]
        for export in exports:
            types = [item.job.dtype for item in rows[0] if item.job.export == export]
            lines.append(f"## {export}\n")
            lines.append(f"| kind | {' | '.join(types)} |")
            lines.append("|---|" + "---|" * len(types))
            for row in rows:
                cells = [self._cell(item) for item in row if item.job.export == export]
                lines.append(f"| {row[0].job.name} | {' | '.join(cells)} |")
            lines.append("")
        lines.append("## Refusals\n")
        lines += [
            f"{number}. {self._sentences[number]} → {remedy}"
            for (_, remedy), number in self._refusals.items()
        ]
        return "\n".join(lines) + "\n"

    def _print(self, row: list[Outcome], *, heading: bool) -> None:
        if heading:
            names = [f"{item.job.export} {item.job.dtype}" for item in row]
            print(" " * WIDTH + " ".join(f"{name:>16}" for name in names))
        cells = [f"{self._cell(item):>16}" for item in row]
        print(f"{row[0].job.name:{WIDTH}}" + " ".join(cells), flush=True)

    def _cell(self, item: Outcome) -> str:
        if item.unrunnable:
            return "UNRUNNABLE"
        if not item.refusal:
            return f"{item.error:.1e}" + ("" if item.equal else " WRONG")
        key = item.kind, item.remedy.splitlines()[0] if item.remedy else ""
        number = self._refusals.setdefault(key, len(self._refusals) + 1)
        self._sentences.setdefault(number, item.sentence)
        after = " CRASHED" if item.crashed else f" {item.error:.1e}" if item.coarse else ""
        return f"[{number}]{after}"
