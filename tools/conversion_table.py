"""Kinds of Keras models by exports by types: the error against Keras, or why it is refused.

    python -m tools.conversion_table                  # all of them: an hour on two cores
    python -m tools.conversion_table lstm embedding   # some kinds
    python -m tools.conversion_table --to int8 --export shift --export step
    python -m tools.conversion_table --kept results.jsonl --save docs/conversions.md

`--kept` is a file in which every outcome is kept as it comes; what stands there already is not
converted again, so that the table can be made in pieces. `--save` writes it as a page. Errors are
those of desktop TFLite Micro, as a share of the range of Keras' output, on random sequences;
refusals stand below the table by their number. The kinds are those of
`tests/support/model_kinds.py`, which the tests use, too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tflm_hil.models.convert.fidelity import Fidelity
from tflm_hil.vocabulary import ExportKind, Precision

from tests.support.conversions import Job, Outcome, names_of_kinds, outcomes
from tools.conversion_page import Table


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if a conversion differs from Keras or a process died."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", help="names of kinds (default: all)")
    parser.add_argument("--export", action="append", choices=tuple(ExportKind), default=[])
    parser.add_argument("--to", action="append", choices=tuple(Precision), default=[])
    parser.add_argument("--kept", type=Path, metavar="FILE", help="outcomes, a line each")
    parser.add_argument("--save", type=Path, metavar="FILE", help="Markdown page to write")
    options = parser.parse_args(arguments)
    columns = [
        (export, dtype)
        for export in options.export or list(ExportKind)
        for dtype in options.to or list(Precision)
    ]
    jobs = [
        Job("kinds", name, str(export), str(dtype))
        for name in options.kinds or names_of_kinds()
        for export, dtype in columns
    ]
    table = Table(len(columns))
    for outcome in _outcomes(jobs, options.kept):
        table.add(outcome)
    table.end()
    if options.save:
        options.save.write_text(table.page(), encoding="utf-8")
    return 0 if table.right else 1


def _outcomes(jobs: Sequence[Job], kept: Path | None) -> Iterator[Outcome]:
    """Of every job in their order, those that are kept and those that are made now."""
    known = {}
    if kept is not None and kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            outcome = _read(json.loads(line))
            known[outcome.job] = outcome
    made = outcomes([job for job in jobs if job not in known])
    for job in jobs:
        if job in known:
            yield known[job]
            continue
        outcome = next(made)
        if kept is not None:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcome)) + "\n")
        yield outcome


def _read(record: dict[str, Any]) -> Outcome:
    return Outcome(**{
        **record,
        "job": Job(**record["job"]),
        "fidelity": Fidelity(record["fidelity"]),
        "input_types": tuple(record["input_types"]),
    })  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
