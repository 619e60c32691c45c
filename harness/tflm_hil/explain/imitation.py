"""Whether a device does what libraries of TFLM are known to do differently from the desktop wheel.

    causes = imitated(variant, sequences, blocks, engine="tflm", differs=worst, site=site)

Our own engine equals the wheel bit for bit. Made to do one such thing more, on this desktop
(`DesktopBoard`), it runs the same sequences; if every byte is then what the device gave, the cause
is certain. That needs no Keras model, and no guess: nothing but integers is compared, all of them,
states included.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tflm_hil.bench.variants import slot_entry
from tflm_hil.errors import HilError
from tflm_hil.explain.desktop_board import DesktopBoard
from tflm_hil.explain.peculiarity import Peculiarity, rounded_factors, touched
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.step_by_step import worst_sequence
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references.records import References
from tflm_hil.report.causes import Cause, Culprit, Descent, Imitated
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Mistake, OperatorsForget
from tflm_hil.vocabulary import Engine, RungName

BUDGET_S = 30.0  # for all sequences; those that were looked at in it count
AT_ONCE = 8  # sequences in one request to a process that may have to be stopped

TOGETHER: tuple[frozenset[Peculiarity], ...] = (
    frozenset({Peculiarity.SINGLE_PRECISION}),
    frozenset({Peculiarity.FORGETFUL_LSTM}),
    frozenset(Peculiarity),
)
"""What is tried, in this order: the least that explains everything is believed."""


def imitated(
    variant: Variant,
    sequences: Sequence[bytes],
    blocks: Sequence[bytes],
    *,
    engine: str,
    differs: int,
    site: Culprit | None = None,
) -> tuple[Cause, ...]:
    """The peculiarities that together give the device's `blocks` for `sequences`; () if none do, if
    none can show in this model, or if our engine cannot run it here.

    `engine` is the device's own word: of our engine it is known that it has none. `differs` is the
    number of a sequence whose block is not desktop TFLM's; `site` is where the device was seen to
    differ.
    """
    if engine == Engine.BUILTIN:
        return ()
    where = touched(variant.inspection())
    for tried in TOGETHER:
        if not tried <= where.keys():
            continue
        try:
            evidence = equal(variant, sequences, blocks, tried, first=differs)
        except HilError:
            return ()  # no compiler, or a model that our engine does not take: nothing is known
        if evidence is not None:
            return tuple(_cause(item, variant, where, evidence, site) for item in sorted(tried))
    return ()


def equal(
    variant: Variant,
    sequences: Sequence[bytes],
    blocks: Sequence[bytes],
    tried: frozenset[Peculiarity],
    *,
    first: int = 0,
) -> Imitated | None:
    """How many sequences give the device's bytes, None if one does not. `first` is looked at first,
    however short time is.

    Raises ToolchainMissing, FirmwareBuildError, LinkError, DeviceError.
    """
    entry = slot_entry(variant)
    until = time.monotonic() + BUDGET_S
    order = [first, *(number for number in range(len(sequences)) if number != first)]
    looked_at = 0
    with (
        tempfile.TemporaryDirectory(prefix="tflm-hil-imitation-") as folder,
        DesktopBoard(entry, tried, Path(folder)) as device,
    ):
        model = device.load(entry.hash)
        for start in range(0, len(order), AT_ONCE):
            some = order[start : start + AT_ONCE]
            for result in device.stream(SequenceRequest(key, sequences[key]) for key in some):
                assert isinstance(result.key, int)
                if bytes(result.outputs) != bytes(blocks[result.key]):
                    return None
            looked_at += len(some)
            if time.monotonic() > until:
                break
    invokes = len(blocks[first]) // model.output_bytes
    return Imitated(sequences=looked_at, of=len(sequences), invokes=invokes)


def peculiar(
    measured: Measured, engine: str, references: References, descent: Descent | None
) -> tuple[Cause, ...]:
    """`imitated` for what was streamed, where the device differs from desktop TFLM in integers; ()
    where every operator was found to be right: then it is not in a kernel.
    """
    wheel = references.references[RungName.TFLM].tensors
    site = None if descent is None else descent.culprit
    if (descent is not None and site is None) or not any(item.integer for item in measured.tensors):
        return ()
    blocks = measured.streamed.blocks
    inputs = measured.variant.load_samples().inputs[: len(blocks)]
    return imitated(
        measured.variant,
        sequence_bytes(inputs, measured.model),
        blocks,
        engine=engine,
        differs=worst_sequence(measured.tensors, wheel),
        site=site,
    )


def _cause(
    peculiarity: Peculiarity,
    variant: Variant,
    where: Mapping[Peculiarity, tuple[str, ...]],
    evidence: Imitated,
    site: Culprit | None,
) -> Cause:
    here = site if site is not None and site.operator_name in where[peculiarity] else None
    if peculiarity is Peculiarity.FORGETFUL_LSTM:
        mistake = Mistake(OperatorsForget(where[peculiarity]))
        return Cause(CauseKind.KERNEL_FORGETS, mistake, site=here, evidence=(evidence,))
    rounded = rounded_factors(variant.inspection())
    assert rounded is not None
    return Cause(CauseKind.SINGLE_PRECISION, Mistake(rounded), site=here, evidence=(evidence,))
