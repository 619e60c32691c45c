"""What it costs to make records of a report, beside reading its JSON alone.

The best turn of each counts, in processor time, so that a busy machine slows down both or neither.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from tflm_hil.paths import REPOSITORY
from tflm_hil.report import json_report

VARIANTS = 1000
TURNS = 3
MOST = 6.0  # times the JSON; 2.5 when it was measured, 43 before decoders were made once a type


def _seconds(work: Callable[[], object]) -> float:
    """Of the best turn."""
    turns = []
    for _ in range(TURNS):
        start = time.process_time()
        work()
        turns.append(time.process_time() - start)
    return min(turns)


def test_records_cost_little_more_than_their_json(tmp_path: Path) -> None:
    sample = json.loads((REPOSITORY / "reports" / "sample" / "report.json").read_text("utf-8"))
    shipped = sample["variants"]
    sample["variants"] = [
        shipped[number % len(shipped)] | {"id": f"variant {number}"} for number in range(VARIANTS)
    ]
    file = tmp_path / json_report.REPORT_NAME
    file.write_text(json.dumps(sample), encoding="utf-8")
    plain = _seconds(lambda: json.loads(file.read_text("utf-8")))
    records = _seconds(lambda: json_report.read(file))
    print(f"{VARIANTS} variants: JSON {plain:.2f} s, records {records:.2f} s")
    assert len(json_report.read(file).variants) == VARIANTS
    assert records < MOST * plain
