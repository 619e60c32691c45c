"""What a run took over from runs that were cut off, what it left, and what was damaged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class ResumeRecord:
    """Results of a run that was cut off, taken over: when, and how many.

    `run_id` names that run; empty: it is this one, which went on. `sequences_unused` are results in
    its journal that are of another firmware, model or input; they stay there.
    `sequences_refuted` were measured again: the board gave another answer to one of them.
    """

    at: str
    sequences_kept: int
    run_id: str = ""
    sequences_unused: int = 0
    sequences_refuted: int = 0


class DamageKind(StrEnum):
    """What is wrong with lines of a journal."""

    CHECKSUM = "checksum"  # not what was written
    MISSING = "missing"  # between others, and not there
    REPEATED = "repeated"  # there twice
    TORN = "torn"  # the last one, not written to its end


@dataclass(frozen=True)
class DamageRecord:
    """Lines of a journal that were left out, so that what they held was measured again.

    `lines` are the first of them, from 1, in the file `kept`, which is the journal as it was found;
    of missing lines, where they would be. `run_id` is the run whose journal it is.
    """

    run_id: str
    kind: DamageKind
    count: int
    lines: tuple[int, ...]
    kept: str


class PassedOver(StrEnum):
    """Why a run that was cut off is not gone on with."""

    OTHER_SCOPE = "other-scope"  # it had models that this one has not, or other ones, or settings
    OTHER_VERSION = "other-version"  # of tflm-hil, which wrote its journal
    UNREADABLE = "unreadable"  # the journal does not say any more what the run was of


@dataclass(frozen=True)
class PassedOverRecord:
    """The run before this one was cut off, and stays as it is. `results` are in its journal."""

    run_id: str
    reason: PassedOver
    results: int


class Interruption(StrEnum):
    """Why a run has a report, but did not come to its end."""

    KEYBOARD = "keyboard"  # SIGINT, of Ctrl-C
    TERMINATED = "terminated"  # SIGTERM
    MISTAKE = "mistake"  # an exception that nobody expected
