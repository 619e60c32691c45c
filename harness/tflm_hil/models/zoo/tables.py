"""Typed reading of TOML, with errors that name file and key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflm_hil.errors import ConfigurationError
from tflm_hil.files import SHOWN, VALUE_MAX, read_toml, shown


@dataclass(frozen=True)
class Table:
    """One table of a TOML file. `place` is its path of keys, for errors ("variant[2]")."""

    path: Path
    place: str
    content: dict[str, Any]

    @staticmethod
    def read(path: Path) -> Table:
        """The root table of a file; raises `ConfigurationError` if it is absent or not TOML."""
        return Table(path, "", read_toml(path))

    def wrong(self, key: str, problem: str, remedy: str = "") -> ConfigurationError:
        """An error about one key of this table."""
        full = f"{self.place}.{key[:SHOWN]}" if self.place else key[:SHOWN]
        return ConfigurationError(
            f"{self.path}: {full} {problem}",
            remedy=remedy
            or "correct the manifest; harness/tflm_hil/models/zoo/manifest.py explains its keys",
        )

    def only(self, *keys: str) -> None:
        """Refuse unknown keys: most of them are misspelt."""
        for key in self.content:
            if key not in keys:
                raise self.wrong(key, "is not a known key", f"use one of {', '.join(keys)}")

    def string(self, key: str, default: str | None = None) -> str:
        """A string, required unless `default` is given."""
        value = self._value(key, default)
        if not isinstance(value, str) or (not value and default is None):
            raise self.wrong(key, f"must be a non-empty string, is {shown(value)}")
        return self._printable(key, value)

    def strings(self, key: str) -> tuple[str, ...]:
        """A string, or a list of them with at least one; required."""
        value = self._value(key, None)
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str) and item for item in items):
            raise self.wrong(
                key, f"must be a non-empty string or a list of them, is {shown(value)}"
            )
        return tuple(self._printable(key, item) for item in items)

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """A string out of `choices`."""
        value = self.string(key)
        if value not in choices:
            raise self.wrong(key, f"is {shown(value)}", f"use one of {', '.join(choices)}")
        return value

    def number(self, key: str) -> float | None:
        """A number, or None where the key is absent."""
        value = self.content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, f"must be a number, is {shown(value)}")
        try:
            return float(value)
        except OverflowError:
            raise self.wrong(key, "is too large for a number") from None

    def whole(self, key: str) -> int | None:
        """A whole number from 0 on, or None where the key is absent."""
        value = self.content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(key, f"must be a whole number from 0 on, is {value!r}")
        return value

    def table(self, key: str) -> Table:
        """A required sub-table."""
        value = self._value(key, None)
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table")
        return Table(self.path, f"{self.place}.{key}" if self.place else key, value)

    def optional_table(self, key: str) -> Table | None:
        """A sub-table, or None where the key is absent."""
        return self.table(key) if key in self.content else None

    def tables(self, key: str) -> Iterator[Table]:
        """An array of tables; none where the key is absent."""
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "must be an array of tables")
        prefix = f"{self.place}.{key}" if self.place else key
        for number, item in enumerate(value):
            yield Table(self.path, f"{prefix}[{number}]", item)

    def _printable(self, key: str, value: str) -> str:
        if any(character < " " and character not in "\t\n" for character in value):
            raise self.wrong(key, f"holds control characters: {shown(value)}")
        if len(value) > VALUE_MAX:
            raise self.wrong(key, f"has {len(value):,} characters: {shown(value)}")
        return value

    def _value(self, key: str, default: Any) -> Any:
        value = self.content.get(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        return value
