"""What the firmware did that would fail, or may fail, on silicon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Finding:
    """One rule broken in one way; `pc` is where it happened first, `count` how often."""

    rule: str
    sentence: str
    pc: int
    count: int = 1


class Findings:
    """The findings since power-on, in the order of their first occurrence."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}

    def add(self, rule: str, sentence: str, pc: int) -> None:
        """Record one; the same rule and sentence again only counts."""
        known = self._found.get((rule, sentence))
        if known is None:
            self._found[rule, sentence] = Finding(rule, sentence, pc)
        else:
            known.count += 1

    def as_json(self) -> list[dict[str, Any]]:
        """For the control channel."""
        return [
            {"rule": f.rule, "sentence": f.sentence, "pc": f.pc, "count": f.count}
            for f in self._found.values()
        ]

    def clear(self) -> None:
        """Forget all."""
        self._found.clear()
