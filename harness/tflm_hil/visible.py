r"""Names made by others, on outputs that obey what is in them.

A model file, a tensor or a layer may be called anything. On a terminal an escape sequence in a
name repaints the screen, a bidirectional override reorders the line, and a line separator ends a
comment of C. Every output has one place that makes such characters visible: `\x1b`, `\u202e`.
"""

from __future__ import annotations

import re

# C0 without tab and line feed, DEL, C1; marks of direction and of no width; the line and paragraph
# separators; lone surrogates, as names of files that are not UTF-8 have.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_IN_A_LINE = re.compile(f"{_OBEYED.pattern}|[\t\n]")


def visible(text: str) -> str:
    """`text` with an escape for each character that an output would obey instead of show.

    Line feeds and tabs stay: sentences have them.
    """
    return _OBEYED.sub(_escape, text)


def in_a_line(text: str) -> str:
    """The same, for a text that must not leave its line."""
    return _IN_A_LINE.sub(_escape, text)


def in_json(text: str) -> str:
    """JSON whose strings have none of these characters, and the same values."""
    return _OBEYED.sub(_escape_for_json, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _escape_for_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
