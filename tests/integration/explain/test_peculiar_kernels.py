"""What libraries of TFLM do differently is named, and nothing is named that is not there.

No TFLM is needed: a process on this desktop does what a library would do, and stands in for the
board (`DesktopBoard`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.bench.variants import slot_entry, variants
from tflm_hil.boards.spec import Overrides
from tflm_hil.drift.long_sequence import long_sequence
from tflm_hil.explain.desktop_board import DesktopBoard
from tflm_hil.explain.imitation import imitated
from tflm_hil.explain.peculiarity import Peculiarity
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.options import RunConfig
from tflm_hil.paths import REPOSITORY
from tflm_hil.report.kinds import CauseKind
from tflm_hil.vocabulary import Engine

FORGETS = frozenset({Peculiarity.FORGETFUL_LSTM})
ROUNDS = frozenset({Peculiarity.SINGLE_PRECISION})
MODELS = REPOSITORY / "fixtures" / "models"


@dataclass(frozen=True)
class Streamed:
    """Sequences and a device's answers to them."""

    sequences: list[bytes]
    blocks: list[bytes]


def config(reports: Path) -> RunConfig:
    return RunConfig(
        board="nucleo-f746zg-emulated",
        overrides=Overrides(),
        zoo=MODELS,
        report_dir=reports,
        resume="never",
    )


def variant(name: str) -> Variant:
    return next(item for item in variants(config(Path())) if item.id == name)


def streamed(item: Variant, does: frozenset[Peculiarity], folder: Path, *, long: bool) -> Streamed:
    """The long sequence, or the first samples, on a desktop board that `does` so."""
    entry = slot_entry(item)
    with DesktopBoard(entry, does, folder) as device:
        model = device.load(entry.hash)
        inputs = long_sequence(item).inputs[np.newaxis] if long else item.load_samples().inputs[:20]
        sequences = list(sequence_bytes(inputs, model))
        answers = device.stream(SequenceRequest(None, data) for data in sequences)
        return Streamed(sequences, [bytes(answer.outputs) for answer in answers])


def kinds(
    item: Variant, run: Streamed, right: Streamed, engine: str = Engine.TFLM
) -> list[CauseKind]:
    """What is named where `run` differs from what is `right`."""
    pairs = zip(run.blocks, right.blocks, strict=True)
    differs = next((number for number, (a, b) in enumerate(pairs) if a != b), None)
    assert differs is not None, "nothing differs"
    causes = imitated(item, run.sequences, run.blocks, engine=engine, differs=differs)
    return [cause.kind for cause in causes]


@pytest.mark.parametrize("name", ["stateful_lstm-int8-fused", "stacked_lstm-int8-fused",
                                  "one_to_one-int8-fused"])  # fmt: skip
def test_a_kernel_that_forgets_is_named(name: str, tmp_path: Path) -> None:
    """Stateful by itself, stacked, and one step an Invoke: none has a state that is fed back."""
    item = variant(name)
    assert not item.state_pairs()
    right = streamed(item, frozenset(), tmp_path, long=True)
    wrong = streamed(item, FORGETS, tmp_path, long=True)
    assert kinds(item, wrong, right) == [CauseKind.KERNEL_FORGETS]
    assert kinds(item, wrong, right, Engine.BUILTIN) == [], "ours is known to do no such thing"
    broken = replace(wrong, blocks=[bytes([wrong.blocks[0][0] ^ 1]) + wrong.blocks[0][1:]])
    assert kinds(item, broken, right) == [], "one bit more, and it is something else"


def test_both_at_once_are_two_causes(tmp_path: Path) -> None:
    item = variant("stateful_lstm-int8-fused")
    right = streamed(item, frozenset(), tmp_path, long=True)
    both = streamed(item, FORGETS | ROUNDS, tmp_path, long=True)
    alone = streamed(item, FORGETS, tmp_path, long=True)
    expected = [CauseKind.KERNEL_FORGETS]
    if both.blocks != alone.blocks:
        expected.append(CauseKind.SINGLE_PRECISION)
    assert kinds(item, both, right) == expected


def test_nothing_is_named_where_none_of_it_can_show(tmp_path: Path) -> None:
    """An answer that is wrong in another way, of a model without such operators."""
    item = variant("stateful_lstm-float32-fused")
    right = streamed(item, frozenset(), tmp_path, long=False)
    wrong = replace(right, blocks=[block[::-1] for block in right.blocks])
    assert kinds(item, wrong, right) == []
