"""What labels were taken for, in words."""

from __future__ import annotations

from collections.abc import Iterator

from tflm_hil.report.records import LabelRecord, VariantRecord
from tflm_hil.vocabulary import RUNGS, LabelKind, RungName

KINDS = {
    LabelKind.CLASSES: "class numbers, of {classes} classes",
    LabelKind.ONE_HOT: "one-hot rows of {classes} classes",
    LabelKind.BINARY: "0 or 1, against one output that decides at one half",
    LabelKind.SCORES: "0 for normal and 1 for anomalous, against one output that is the score",
    LabelKind.RECONSTRUCTION: "0 for normal and 1 for anomalous, against the squared error of what"
    " is put out again",
    LabelKind.VALUES: "true values",
}


def labels_text(labels: LabelRecord) -> str:
    """`one-hot rows of 10 classes, at the last step (classification, recognised)`."""
    text = KINDS[labels.kind].format(classes=labels.classes)
    if labels.per_step:
        text += ", one a step"
    elif labels.last_step:
        text += ", judged at the last step"
    return f"{text} ({labels.task}, {'declared' if labels.declared else 'recognised'})"


def label_lines(variant: VariantRecord) -> Iterator[str]:
    """What labels were recognised as without being declared, and a warning of chance."""
    labels = variant.labels
    if labels is None:
        return
    if not labels.declared:
        yield f"labels taken for {labels_text(labels)}; --hil-task says otherwise"
    if labels.at_chance:
        yield (
            f"warning: {_listed(labels.at_chance)} {'does' if len(labels.at_chance) == 1 else 'do'}"
            " no better than chance: check that labels and samples belong together, and that the"
            " samples are scaled as in training"
        )


def _listed(names: tuple[RungName, ...]) -> str:
    titles = [RUNGS[name].title for name in names]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
