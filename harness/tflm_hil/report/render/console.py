"""The one way of this project to a terminal with rich: it shows names and does not obey them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import console
from rich.segment import Segment

from tflm_hil.visible import visible


class Console(console.Console):
    """rich's, but for what is in the texts; its own colours and movements stay."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)

    def render(
        self, renderable: console.RenderableType, options: console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """All that is printed comes by here, cells of a table before they are cut to its width."""
        for segment in super().render(renderable, options):
            if segment.control or (segment.text.isascii() and segment.text.isprintable()):
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style, segment.control)
