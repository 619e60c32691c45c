"""A model's states and its steps of time, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tflm_hil.report.records import StateRecord, VariantRecord
from tflm_hil.report.render.wording import plural, size
from tflm_hil.vocabulary import AS_GIVEN, StateBasis, StateKeeper, StepBasis

WHY = {
    StateBasis.DECLARED: "declared",
    StateBasis.SIGNATURE: "the signature calls them so",
    StateBasis.NAMES: "both ends bear its name",
    StateBasis.ONLY_FIT: "named as a state, and no other output fits",
    StateBasis.SCALE: "named as a state, and of the outputs that fit this one has its scale",
    StateBasis.GRAPH: "named as a state, and of the outputs that fit this one is nearest in the"
    " graph",
    StateBasis.AMBIGUOUS: "named as a state; several outputs fit, and nothing tells which",
    StateBasis.SHAPE: "an output fits; no name says that it is a state",
}

HOW = {
    StepBasis.DECLARED: "declared in the manifest",
    StepBasis.FUSED: "the time axis of a fused recurrent operator",
    StepBasis.LOOP: "the turns of a loop",
    StepBasis.UNROLLED: "a chain through the slices of the input",
    StepBasis.STATE: "a state is kept from inference to inference",
    StepBasis.KERAS: "the time axis of the Keras model",
}

PLAIN = (StateBasis.DECLARED, StateBasis.SIGNATURE)
"""What nobody has to be told: it was said by the user or by `hil convert`."""


def recognised_lines(variant: VariantRecord) -> Iterator[str]:
    """What was taken for a state without being declared, and how to object."""
    found = [
        state
        for state in variant.states
        if state.keeper is StateKeeper.CALLER and state.basis not in PLAIN
    ]
    if found:
        deny = "--hil-state none" if _bare(variant) else "states = [] in the manifest"
        yield (
            f"recognised as {plural(len(found), 'state')} and fed back on every rung:"
            f" {_listed(found)}; if not so: {deny}, or name the right ones"
        )


def suspected_lines(variant: VariantRecord) -> Iterator[str]:
    """What may be a state and was fed as data."""
    found = [state for state in variant.states if state.keeper is StateKeeper.NOBODY]
    if not found:
        return
    if _bare(variant):
        say = " ".join(f"--hil-state {_end(s.name)}={_end(s.output_name)}" for s in found)
        deny = "--hil-state none"
    else:
        say = ", ".join(f"{{ input = {s.input}, output = {s.output} }}" for s in found)
        say, deny = f"states = [{say}] in the manifest", "states = []"
    fed = any(state.keeper is StateKeeper.CALLER for state in variant.states)
    yield (
        f"may be {plural(len(found), 'state')}, and {'were' if len(found) > 1 else 'was'} fed as"
        f" data: {_listed(found)}. If so, {'they were' if len(found) > 1 else 'it was'} never fed"
        f" back, and {'the' if fed else 'this run says nothing about memory: the'} device has to be"
        f" tested with {say}; if not, {deny} says so"
    )


def memory_text(variant: VariantRecord) -> str:
    """Who keeps how much from inference to inference; "" for a model without states."""
    kept = [state for state in variant.states if state.keeper is not StateKeeper.NOBODY]
    words = {
        StateKeeper.CALLER: "fed back by the caller",
        StateKeeper.VARIABLE: "in variable tensors",
        StateKeeper.RESOURCE: "in resource variables",
        StateKeeper.OPERATOR: "or more in operators' own memory",
    }
    parts = []
    for keeper, text in words.items():
        own = [state.bytes for state in kept if state.keeper is keeper]
        if own:
            parts.append(f"{size(sum(own))} {text} ({len(own)})")
    return ", ".join(parts)


def steps_text(variant: VariantRecord) -> str:
    """Steps of time of one inference and how they are known; "" where nothing is."""
    if variant.steps_per_invoke is None:
        return "no steps of time known" if variant.rungs else ""
    count = plural(variant.steps_per_invoke, "step")
    how = f" ({HOW[variant.steps_basis]})" if variant.steps_basis is not None else ""
    return f"{count} of time an inference{how}"


def _listed(states: Iterable[StateRecord]) -> str:
    return ", ".join(
        f"{_end(state.name)} from {_end(state.output_name)}"
        + (f" ({WHY[state.basis]})" if state.basis is not None else "")
        for state in states
    )


def _end(name: str) -> str:
    return name or "?"


def _bare(variant: VariantRecord) -> bool:
    return variant.export == AS_GIVEN
