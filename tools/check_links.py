"""Checks the links in Markdown files that lead to files of this tree, and to headings in them.

    python tools/check_links.py [FILE …]        all *.md under version control if none is named

Prints `file:line: link: what is wrong with it` and ends with 1 if there is one. Links to the web
are left alone: a check must not depend on somebody's server.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
FENCE = re.compile(r"^\s*(```|~~~)")
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def lines_outside_code(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines without fenced blocks."""
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors(text: str) -> set[str]:
    """What a link may name behind `#`: headings as forges write them, and `<a id="…">`."""
    known: set[str] = set()
    seen: Counter[str] = Counter()
    for _, line in lines_outside_code(text):
        known.update(ANCHOR.findall(line))
        heading = HEADING.match(line)
        if heading:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            known.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return known


def broken_links(path: Path) -> Iterator[str]:
    """One line for each link of a file that leads nowhere."""
    for number, line in lines_outside_code(path.read_text(encoding="utf-8")):
        for link in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if ELSEWHERE.match(link):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = path.parent / name if name else path
            if not target.exists():
                yield f"{path}:{number}: {link}: there is no such file"
                continue
            known = anchors(target.read_text(encoding="utf-8")) if target.suffix == ".md" else None
            if anchor and known is not None and anchor not in known:
                yield f"{path}:{number}: {link}: no heading of {target.name} is called that"


def main(arguments: list[str]) -> int:
    """Checks the files named, or all; returns the exit status."""
    if not arguments:
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
        shown = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
        arguments = shown.split()
    broken = [line for name in arguments for line in broken_links(Path(name))]
    print(*broken, sep="\n", end="\n" if broken else "")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
