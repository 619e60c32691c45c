"""Links in Markdown: those that lead nowhere are named, and only those."""

from pathlib import Path

import pytest

from tools.check_links import anchors, broken_links, main

OTHER = """# Title of it

## With `code`, and a [link](index.md)
## Twice
## Twice
<a id="rule-1"></a>

```
# not a heading
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "other.md").write_text(OTHER)
    (tmp_path / "sub").mkdir()
    return tmp_path


def problems(folder: Path, text: str) -> list[str]:
    page = folder / "page.md"
    page.write_text(text)
    return [line.split(": ", 1)[1] for line in broken_links(page)]


@pytest.mark.parametrize(
    "link",
    [
        "other.md",
        "sub",
        "other.md#title-of-it",
        "other.md#with-code-and-a-link",
        "other.md#twice-1",
        "other.md#rule-1",
        "https://example.org/nothing",
        "mailto:nobody@example.org",
        '#here "with a title"',
    ],
)
def test_a_link_that_leads_somewhere(folder: Path, link: str) -> None:
    assert problems(folder, f"# Here\nsee [this]({link}) and go on") == []


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("nothing.md", "nothing.md: there is no such file"),
        ("other.md#twice-2", "other.md#twice-2: no heading of other.md is called that"),
        ("other.md#not-a-heading", "other.md#not-a-heading: no heading of other.md is called that"),
        ("#there", "#there: no heading of page.md is called that"),
    ],
)
def test_a_link_that_leads_nowhere(folder: Path, link: str, problem: str) -> None:
    assert problems(folder, f"# Here\nsee [this]({link}) and ![that]({link})") == [problem] * 2


def test_code_holds_no_links(folder: Path) -> None:
    assert problems(folder, "a `[x](y)` b\n```\n[x](y)\n```\n") == []
    assert "not-a-heading" not in anchors(OTHER)


def test_status_and_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "page.md"
    page.write_text("fine\n[this](gone.md)\n")
    assert main([str(page)]) == 1
    assert capsys.readouterr().out == f"{page}:2: gone.md: there is no such file\n"
    page.write_text("fine\n[this](other.md)\n")
    assert main([str(page)]) == 0
