"""`hil zoo`: what there is to run, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from rich.text import Text

from tflm_hil.errors import ConfigurationError, HilError
from tflm_hil.models.zoo.manifest import Model, load_zoo
from tflm_hil.report.render.console import Console
from tflm_hil.report.render.grid import Across, Head, grid
from tflm_hil.report.render.wording import MISSING, kilobytes, plural

LOG_WIDTH = 120
OTHER_COLUMNS = 68  # what the columns beside the title take


def print_zoo(directory: Path, names: Sequence[str] = ()) -> None:
    """Every entry, or the variants of the named ones. Raises ConfigurationError."""
    console = Console()
    width = console.width if console.is_terminal else LOG_WIDTH
    models = load_zoo(directory)
    known = [model.name for model in models]
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"there is no entry {name!r} in {directory}",
                remedy=f"choose from: {', '.join(known)}",
            )
    chosen = [model for model in models if model.name in names]
    text = variant_list(chosen, width) if names else entry_list(models, width)
    console.print(text, soft_wrap=True)


def entry_list(models: Sequence[Model], width: int) -> Text:
    """One line an entry."""
    heads = [
        Head("entry", 0, right=False),
        Head("task", 2, right=False),
        Head("variants", 0),
        Head("sequences", 1),
        Head("models\nkB", 1),
        Head("title", 3, right=False),
    ]
    room = max(width - OTHER_COLUMNS, 20)
    rows = [
        [
            Text(model.name),
            Text(model.task),
            Text(str(len(model.variants))),
            Text(_sequences(model)),
            Text(kilobytes(sum(variant.size_bytes for variant in model.variants))),
            _cut(model.title, room),
        ]
        for model in models
    ]
    text = grid(heads, rows, width)
    variants = [variant for model in models for variant in model.variants]
    left_out = {variant.left_out: None for variant in variants if variant.left_out}
    text.append(
        f"\n\n{plural(len(variants), 'variant')} of {plural(len(models), 'entry', 'entries')}"
    )
    for reason in left_out:
        count = sum(variant.left_out == reason for variant in variants)
        sentence = f"{plural(count, 'variant')} left out: {reason}"
        text.append(f"\n{fill(sentence, width, subsequent_indent='  ')}", style="yellow")
    return text


def variant_list(models: Sequence[Model], width: int) -> Text:
    """One line a variant, by entry."""
    heads = [
        Head("entry\n  variant", 0, right=False),
        Head("type", 0, right=False),
        Head("export", 1, right=False),
        Head("model\nkB", 0),
        Head("id, for -k", 2, right=False),
    ]
    rows: list[Sequence[Text] | Across] = []
    for model in models:
        note = Text(f"{model.task}  {model.title}", style="dim")
        rows.append(Across(Text(model.name, style="bold"), note, 1))
        rows += [
            [
                Text(f"  {variant.name}"),
                Text(variant.dtype),
                Text(variant.export),
                Text(kilobytes(variant.size_bytes)),
                Text(variant.id),
            ]
            for variant in model.variants
        ]
    return grid(heads, rows, width)


def _cut(title: str, room: int) -> Text:
    text = Text(title, style="dim")
    text.truncate(room, overflow="ellipsis")
    return text


def _sequences(model: Model) -> str:
    """How many there are; that an entry's samples are damaged is said when it runs."""
    if model.variants[0].left_out:
        return MISSING
    try:
        return f"{len(model.samples.load()):,}"
    except HilError:
        return MISSING
