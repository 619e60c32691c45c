"""Choosing variants of the zoo, in pytest's own spelling.

    select(variants, "digits_ or sine_ and not int16x8")

A word is part of a variant's id, upper or lower case; `and`, `or`, `not` and parentheses join
words. It is what `pytest -k` makes of the same expression, for commands that run without pytest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from tflm_hil.errors import ConfigurationError
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig

Match = Callable[[str], bool]

# What pytest allows in a word of -k, and the two parentheses.
_TOKEN = re.compile(r"\s*(?:([()])|([\w:+\-.\[\]\\/]+))")


def select(variants: Sequence[Variant], expression: str) -> list[Variant]:
    """The variants whose id matches; all of them for an empty expression.

    Raises ConfigurationError if it is no expression, or nothing matches.
    """
    if not expression.strip():
        return list(variants)
    match = compile_expression(expression)
    chosen = [variant for variant in variants if match(variant.id)]
    if not chosen:
        raise ConfigurationError(
            f"no variant of the zoo matches {expression!r}",
            remedy="`hil zoo` lists entries, `hil zoo NAME` the variants of one",
        )
    return chosen


def choose(variants: Sequence[Variant], names: Sequence[str], expression: str) -> list[Variant]:
    """By full names of entries and variants, by an expression, or by both.

    Raises ConfigurationError: see `select`, and for a name that is none.
    """
    for name in names:
        if not _is_name(name, variants):
            raise ConfigurationError(
                f"no entry and no variant of the zoo is called {name!r}",
                remedy="`hil zoo` lists entries, `hil zoo NAME` the variants of one",
            )
    return select(select(variants, expression_for(names, variants)), expression)


def named_in(words: Sequence[str], config: RunConfig) -> list[str]:
    """A command line for pytest in which names of entries and variants have become `-k`.

    Other words stay: files, options and their values are pytest's.
    """
    from tflm_hil.bench.variants import whole_zoo

    if all(word.startswith("-") for word in words):
        return list(words)
    zoo = whole_zoo(config)
    names = [word for word in words if _is_name(word, zoo)]
    if not names:
        return list(words)
    rest = [word for word in words if word not in names]
    wanted = expression_for(names, zoo)
    if "-k" in rest[:-1]:
        at = rest.index("-k") + 1
        rest[at] = f"({rest[at]}) and ({wanted})"
        return rest
    return [*rest, "-k", wanted]


def _is_name(word: str, variants: Iterable[Variant]) -> bool:
    return any(word in (variant.model, variant.id) for variant in variants)


def expression_for(words: Iterable[str], variants: Sequence[Variant]) -> str:
    """The expression that chooses entries and variants by their full names; "" for no words.

    In brackets as in pytest's ids, so that no name is part of another.
    """
    entries = {variant.model for variant in variants}
    return " or ".join(f"[{word}-" if word in entries else f"[{word}]" for word in words)


def compile_expression(expression: str) -> Match:
    """Whether an id matches. Raises ConfigurationError at what is no expression."""
    parser = _Parser(expression)
    match = parser.any_of()
    if parser.next is not None:
        raise parser.wrong()
    return match


class _Parser:
    """Recursive descent: `or` binds weaker than `and`, `and` weaker than `not`."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = self._split(expression)
        self.next: str | None = None
        self._advance()

    def any_of(self) -> Match:
        matches = [self._all_of()]
        while self.next == "or":
            self._advance()
            matches.append(self._all_of())
        return lambda name: any(match(name) for match in matches)

    def _all_of(self) -> Match:
        matches = [self._one()]
        while self.next == "and":
            self._advance()
            matches.append(self._one())
        return lambda name: all(match(name) for match in matches)

    def _one(self) -> Match:
        token = self.next
        if token in (None, ")", "and", "or"):
            raise self.wrong()
        self._advance()
        if token == "not":
            negated = self._one()
            return lambda name: not negated(name)
        if token == "(":
            inner = self.any_of()
            if self.next != ")":
                raise self.wrong()
            self._advance()
            return inner
        assert token is not None
        # ids stand in brackets in pytest's names, and may be chosen with them
        word = token.lower()
        return lambda name: word in f"[{name}]".lower()

    def wrong(self) -> ConfigurationError:
        """What stands where it cannot."""
        place = f"at {self.next!r}" if self.next is not None else "at its end"
        return ConfigurationError(
            f"-k {self._expression!r} is no expression: wrong {place}",
            remedy="join parts of names with and, or, not and parentheses",
        )

    def _advance(self) -> None:
        self.next = self._tokens.pop(0) if self._tokens else None

    def _split(self, expression: str) -> list[str]:
        tokens, at = [], 0
        while expression[at:].strip():
            token = _TOKEN.match(expression, at)
            if token is None:
                self.next = expression[at:].strip()[0]
                raise self.wrong()
            tokens.append(token[1] or token[2])
            at = token.end()
        return tokens
