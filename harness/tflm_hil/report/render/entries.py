"""The variants of a run by entry of the zoo, and the figures that its tables are made of.

An entry is a model with all its exports. How well it does its task is given in the measure that
its labels allow: accuracy for a classification, RMSE against the labels for a regression, the area
under the ROC curve for scores.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tflm_hil.report.judgement import Rung, Verdict, worst
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.vocabulary import RUNGS, RungName

ACCURACY = "accuracy %"
RMSE = "RMSE"
AUC = "AUC"


@dataclass(frozen=True)
class Entry:
    """A model and its variants in the order in which they ran."""

    model: str
    variants: tuple[VariantRecord, ...]

    @property
    def title(self) -> str:
        """As its manifest says."""
        return next((variant.title for variant in self.variants if variant.title), "")

    @property
    def measure(self) -> str:
        """`ACCURACY`, `AUC`, `RMSE`, or empty where there are no labels."""
        return next((label for v in self.variants if (label := measure(v))), "")

    @property
    def verdict(self) -> Verdict:
        """The worst of its variants."""
        return worst([variant.verdict for variant in self.variants])


def entries(run: RunRecord) -> tuple[Entry, ...]:
    """All entries, each once, in the order of their first variant."""
    by_model: dict[str, list[VariantRecord]] = {}
    for variant in run.variants:
        by_model.setdefault(variant.model, []).append(variant)
    return tuple(Entry(model, tuple(variants)) for model, variants in by_model.items())


def rung_names(variants: Iterable[VariantRecord]) -> tuple[RungName, ...]:
    """Every rung that one of them has, in the order of the ladder."""
    present = {rung.name for variant in variants for rung in variant.rungs}
    return tuple(name for name in RungName if name in present)


def rung_title(name: RungName) -> str:
    """A rung as tables call it."""
    return RUNGS[name].column


def pair_title(rung: Rung) -> str:
    """A rung and the one before it, as tables call them."""
    against = f" against {rung_title(rung.against)}" if rung.against is not None else ""
    return f"{rung_title(rung.name)}{against}"


def rung_of(variant: VariantRecord, name: str) -> Rung | None:
    """The rung of that name, if the variant came so far."""
    return next((rung for rung in variant.rungs if rung.name == name), None)


def widest_rung(variant: VariantRecord) -> Rung | None:
    """The rung with the largest difference from the one before: where the error enters."""
    compared = [rung for rung in variant.rungs if rung.max_abs is not None]
    return max(compared, key=lambda rung: rung.max_abs or 0.0, default=None)


def variant_name(variant: VariantRecord) -> str:
    """Its name within its entry."""
    return variant.id.removeprefix(f"{variant.model}-")


def measure(variant: VariantRecord) -> str:
    """What the labels are compared in; empty where there are none."""
    if any(rung.accuracy is not None for rung in variant.rungs):
        return ACCURACY
    if any(rung.auc is not None for rung in variant.rungs):
        return AUC
    if any(rung.label_rmse is not None for rung in variant.rungs):
        return RMSE
    return ""


def quality(variant: VariantRecord, rung_name: str) -> float | None:
    """Accuracy or AUC (0..1), or RMSE of one rung, None where there is none of them."""
    rung = rung_of(variant, rung_name)
    if rung is None:
        return None
    known = (rung.accuracy, rung.auc, rung.label_rmse)
    return next((value for value in known if value is not None), None)


def cycles_per_sequence(variant: VariantRecord) -> int | None:
    """Median over the sequences of all Invokes of one."""
    cycles = variant.cycles
    if cycles is None:
        return None
    whole = cycles.per_sequence or (cycles.streamed if variant.steps == variant.sequences else None)
    return whole.p50 if whole is not None else None


def cycles_per_inference(variant: VariantRecord) -> int | None:
    """Median over all Invokes of all sequences."""
    cycles = variant.cycles
    return None if cycles is None or cycles.streamed is None else cycles.streamed.p50


def cycles_per_step(variant: VariantRecord) -> float | None:
    """`cycles_per_sequence` over the time steps of a sequence, however many an Invoke takes; None
    for a model without steps.
    """
    whole = cycles_per_sequence(variant)
    return whole / variant.time_steps if whole is not None and variant.time_steps else None
