"""Damaged and monstrous copies of a text file: what a reader of ours may meet.

    for content in mutations(original, count=60, seed=1, words=TOML): …

`HIL_FUZZ=10000` makes as many as that of each kind of file (`tests.support.fuzzing`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tests.support.fuzzing import count, first

COUNT = count(150)

# What TOML and JSON have in common with trouble.
WORDS = (
    b"", b"\0", b"\xff", b"\xed\xa0\x80", b"{", b"}", b"[", b"]", b"[[", b'"', b"'", b"\\", b"\n",
    b"=", b":", b",", b"#", b"null", b"true", b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0",
    b"0x7fffffffffffffffff", b"9" * 5000, b"1" + b"0" * 400, b"[" * 3000, b"{" * 3000,
    b'{"a":' * 3000, b"1979-05-27T07:32:00Z", b"\xef\xbb\xbf", b"A" * 9000, b'"\\u0000"',
    b'"\\ud800"', b'""', b"[]", b"{}", b'["x"]', b"1.5", b'"../../../etc/passwd"', b'"/dev/null"',
    b'"' + b"n" * 5000 + b'"',
)  # fmt: skip


def mutations(
    original: bytes, *, seed: int, count: int = COUNT, words: Sequence[bytes] = ()
) -> Iterator[bytes]:
    """`count` copies with up to four mistakes each; `words` are further ones to put in."""
    dice = random.Random(f"{seed} {first()}" if first() else seed)
    choices = (*WORDS, *words)
    for _ in range(count):
        content = bytearray(original)
        for _ in range(dice.randint(1, 4)):
            _damage(content, dice, choices)
        yield bytes(content)


def _damage(content: bytearray, dice: random.Random, words: Sequence[bytes]) -> None:
    at = dice.randrange(len(content) + 1)
    end = min(len(content), at + dice.choice((1, 1, 4, 40, 400)))
    match dice.randrange(6):
        case 0 if at < len(content):
            content[at] ^= 1 << dice.randrange(8)
        case 1:
            content[at:end] = dice.choice(words)
        case 2:
            content[at:at] = dice.choice(words)
        case 3:
            del content[at:end]
        case 4:
            content[at:at] = content[at:end]
        case _:
            _exchange_value(content, dice, words)


def _exchange_value(content: bytearray, dice: random.Random, words: Sequence[bytes]) -> None:
    """What stands behind a `=` or `:` becomes another value, of another type."""
    places = [at + 1 for at, byte in enumerate(content) if byte in b"=:"]
    if not places:
        return
    at = dice.choice(places)
    ends = [end for mark in b",\n}]" if (end := content.find(mark, at)) >= 0]
    content[at : min(ends, default=len(content))] = b" " + dice.choice(words)
