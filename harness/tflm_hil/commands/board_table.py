"""`hil boards` as a table."""

from __future__ import annotations

from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tflm_hil.boards.provider import BoardRow, list_boards
from tflm_hil.boards.spec import Overrides
from tflm_hil.report.render.console import Console
from tflm_hil.report.render.wording import MISSING

LOG_WIDTH = 120


def print_boards(config: Path | None) -> None:
    """Every configured board, and whether it could be used now. Raises ConfigurationError."""
    console = Console()
    if not console.is_terminal:
        console.width = LOG_WIDTH
    console.print(table(list_boards(Overrides(config=config))))


def table(rows: list[BoardRow]) -> Table:
    """One row a board."""
    listed = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for title in ("board", "kind", "probe", "tty", "state"):
        listed.add_column(title, overflow="fold")
    for row in rows:
        style = "green" if row.state.startswith(("ready", "running")) else "yellow"
        listed.add_row(
            row.id,
            row.kind,
            row.probe_uid or MISSING,
            row.tty or MISSING,
            Text(row.state, style),
        )
    return listed
