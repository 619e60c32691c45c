"""A model for people: operators, tensors, scales, arena, engines and findings in the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tflm_hil.models.tflite.arena import ArenaEstimate, estimate
from tflm_hil.models.tflite.inspect import Inspection, Subgraph, Tensor
from tflm_hil.models.tflite.lints import Finding
from tflm_hil.models.tflite.lints.engines import missing
from tflm_hil.models.tflite.states import state_pairs, suspected_pairs
from tflm_hil.report.render.console import Console
from tflm_hil.vocabulary import Severity, StateBasis

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def describe(
    model: Inspection, findings: Sequence[Finding], *, name: str, tensors: bool = False
) -> RenderableType:
    """Everything about a model; `tensors` adds a table of all of them."""
    parts: list[RenderableType] = [_head(model, name), _ends(model)]
    if state_pairs(model) or suspected_pairs(model):
        parts.append(_states(model))
    parts.append(_operators(model))
    if tensors:
        parts += [_tensors(graph) for graph in model.subgraphs]
    parts += _engines(model)
    parts += [_finding(item) for item in findings] or ["[green]no findings[/]"]
    return Group(*parts)


def show(
    model: Inspection, findings: Sequence[Finding], *, name: str, tensors: bool = False
) -> None:
    """Print it."""
    console = Console(soft_wrap=False)
    console.print(describe(model, findings, name=name, tensors=tensors))


def _head(model: Inspection, name: str) -> str:
    count = sum(len(graph.operators) for graph in model.subgraphs)
    graphs = len(model.subgraphs)
    return (
        f"[bold]{escape(name)}[/]  {model.size_bytes:,} bytes · {count} operators in {graphs}"
        f" subgraph{'s' if graphs > 1 else ''}\n{_arena(estimate(model))}"
    )


def _arena(arena: ArenaEstimate) -> str:
    parts = arena.parts
    if parts is None:
        return f"arena at least {arena.at_least:,} bytes with any engine: what lives at one time"
    return (
        f"arena {parts.total:,} bytes with the builtin engine: activations"
        f" {parts.activations:,}, state {parts.states:,}, engine {parts.engine:,}; at least"
        f" {arena.at_least:,} with any"
    )


def _ends(model: Inspection) -> Table:
    table = _table("inputs and outputs", "", "name", "tensor", "type", "shape", "scale", "zero")
    names = [model.signatures[0].inputs, model.signatures[0].outputs] if model.signatures else []
    for way, tensors, number in (("in", model.inputs, 0), ("out", model.outputs, 1)):
        called = {index: name for name, index in names[number].items()} if names else {}
        for position, tensor in enumerate(tensors):
            table.add_row(f"{way} {position}", escape(called.get(tensor.index, "")), *_row(tensor))
    return table


def _states(model: Inspection) -> Table:
    """What is fed back, and in brackets what only may be a state."""
    suspected = suspected_pairs(model)
    pairs = (*state_pairs(model), *suspected)
    found = any(pair.basis is not StateBasis.SIGNATURE for pair in pairs)
    table = _table(
        "states", "name", "from output", "to input", "elements", "scale out", "scale in",
        *(["by"] if found else []),
    )  # fmt: skip
    for pair in pairs:
        given, taken = pair.output_quantization, pair.input_quantization
        style = "" if pair.exchangeable else STYLES[Severity.ERROR]
        name = f"({pair.name})" if pair in suspected else pair.name
        table.add_row(
            escape(name), f"out {pair.output}", f"in {pair.input}", "x".join(map(str, pair.shape)),
            _scale(given.scale, given.zero_point), _scale(taken.scale, taken.zero_point),
            *([pair.basis] if found else []),
            style=style,
        )  # fmt: skip
    return table


def _operators(model: Inspection) -> Table:
    titles = [f"{graph.index} {_tail(graph.name)}" for graph in model.subgraphs]
    table = _table("operators by subgraph", "operator", *titles)
    counts = [Counter(op.name for op in graph.operators) for graph in model.subgraphs]
    for name in model.operator_counts:
        table.add_row(name, *(str(count[name] or "") for count in counts))
    return table


def _tensors(graph: Subgraph) -> Table:
    table = _table(
        f"tensors of subgraph {graph.index}", "", "name", "type", "shape", "scale", "zero", "kind"
    )
    for tensor in graph.tensors:
        kind = f"constant, {tensor.constant_bytes} bytes" if tensor.constant_bytes else ""
        name, *rest = _row(tensor)
        table.add_row(str(tensor.index), name, *rest, "state" if tensor.variable else kind)
    return table


def _engines(model: Inspection) -> list[RenderableType]:
    return [
        f"engine {engine}: [red]lacks {', '.join(lacking)}[/]"
        if lacking
        else f"engine {engine}: has all operators"
        for engine, lacking in missing(model).items()
    ]


def _finding(finding: Finding) -> str:
    style = STYLES[finding.severity]
    return (
        f"[{style}]{finding.severity} {finding.code}[/]: {escape(finding.sentence)}\n"
        f"  → {escape(finding.remedy)}"
    )


def _row(tensor: Tensor) -> tuple[str, str, str, str, str]:
    shape = "x".join("?" if size < 0 else str(size) for size in tensor.shape_signature) or "scalar"
    if len(tensor.scales) > 1:
        low, high = min(tensor.scales), max(tensor.scales)
        scale, zero = f"{low:.3g} … {high:.3g} ({len(tensor.scales)} channels)", ""
    else:
        scale = f"{tensor.scale:.6g}" if tensor.scale else ""
        zero = str(tensor.zero_point) if tensor.scale else ""
    return escape(_tail(tensor.name)), tensor.type, shape, scale, zero


def _scale(scale: float, zero_point: int) -> str:
    return f"{scale:.6g}, zero {zero_point}" if scale else "float"


def _tail(name: str) -> str:
    """The end of a long name, which is where names differ."""
    return name if len(name) <= 40 else "…" + name[-39:]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
