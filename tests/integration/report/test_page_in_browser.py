"""The page in a real browser: what its script does. Skipped where there is no Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tflm_hil.report.render.html import render

from tests.unit.report import synthetic

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium")


def after(actions: str, tmp_path: Path) -> str:
    """The document after `actions` (JavaScript) have been done to the loaded page."""
    script = f"<script>addEventListener('load', () => {{ {actions} }})</script>"
    page = tmp_path / "page.html"
    page.write_text(render(synthetic.run()).replace("</body>", f"{script}</body>"), "utf-8")
    assert BROWSER is not None
    result = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return result.stdout


def variants(document: str, *, hidden: bool = False) -> list[str]:
    """Name of each variant's row in the order of the document; `hidden` those filtered away."""
    rows = re.findall(r'<tr class="(variant[^"]*)".*?class="name">([^<]*)<', document)
    return [name for kind, name in rows if ("off" in kind.split()) is hidden]


COLUMN = "document.querySelectorAll('table.zoo thead th')[{}].click();"
TYPE = "search.value = '{}'; search.dispatchEvent(new Event('input'));"
ALL = ["float32-loop", "int8-unrolled", "int8-fused", "int8-unrolled", "int8-step"]


def test_all_are_shown_at_first_and_none_unfolded(tmp_path: Path) -> None:
    document = after("", tmp_path)
    assert variants(document) == ALL
    assert "5 of 5 variants" in document
    assert 'class="more open"' not in document


def test_heading_sorts_by_number_and_then_the_other_way(tmp_path: Path) -> None:
    cycles = COLUMN.format(9)
    assert variants(after(cycles, tmp_path))[0] == "int8-step"
    down = after(cycles + cycles, tmp_path)
    assert variants(down)[-2:] == ["int8-step", "int8-fused"], "what has no number is last"
    assert 'aria-sort="descending"' in down


def test_words_filter_and_so_does_the_box(tmp_path: Path) -> None:
    found = after(TYPE.format("GRU int8"), tmp_path)
    assert variants(found) == ["int8-unrolled", "int8-step"]
    assert variants(found, hidden=True) == ["float32-loop", "int8-unrolled", "int8-fused"]
    assert "2 of 5 variants" in found
    assert variants(after("problems.click();", tmp_path)) == ["int8-fused", "int8-unrolled"]


def test_row_unfolds_and_folds_again(tmp_path: Path) -> None:
    click = "document.querySelectorAll('tr.variant')[4].click();"
    assert after(click, tmp_path).count('class="more open"') == 1
    assert after(click + click, tmp_path).count('class="more open"') == 0
