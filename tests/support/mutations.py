"""Damaged files: bytes changed as transfers, disks and people do it; the same for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.support.fuzzing import first

EXTREMES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\1\0\0\0")


def mutations(contents: dict[str, bytes], number: int) -> Iterator[tuple[str, bytes]]:
    """`number` damaged files made of `contents`, with what to say of them."""
    names = sorted(contents)
    for seed in range(first(), first() + number):
        name = names[seed % len(names)]
        yield f"{name}, seed {seed}", mutated(contents[name], seed)


def mutated(content: bytes, seed: int) -> bytes:
    """One damaged file."""
    random = Random(seed)
    data = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        if not data:
            break
        place = random.randrange(len(data))
        match random.randrange(12):
            case 0 | 1 | 2 | 3:
                data[place] ^= 1 << random.randrange(8)
            case 4 | 5:
                data[place] = random.randrange(256)
            case 6 | 7:
                word = place & ~3
                data[word : word + 4] = random.choice(EXTREMES)
            case 8:
                del data[place : place + random.randrange(1, 17)]
            case 9:
                start = random.randrange(len(data))
                data[place:place] = data[start : start + random.randrange(1, 33)]
            case _:
                if random.randrange(4) == 0:
                    del data[place:]
                else:
                    data[place & ~3 : (place & ~3) + 4] = random.randbytes(4)
    return bytes(data)
