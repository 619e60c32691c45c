"""What a command prints besides tables: names are shown in it, and not obeyed."""

from __future__ import annotations

import sys

from tflm_hil.visible import visible


def say(text: object) -> None:
    """A line, or some, on standard output."""
    print(visible(str(text)))


def complain(text: object) -> None:
    """A line, or some, on standard error."""
    print(visible(str(text)), file=sys.stderr)
