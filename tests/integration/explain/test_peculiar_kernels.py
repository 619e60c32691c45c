"""What libraries of TFLM do differently is named, and nothing is named that is not there.

No TFLM is needed: a process on this desktop does what a library would do, and stands in for the
board (`DesktopBoard`); and a firmware of ours with the same in it runs on the emulated board, under
the name of the other engine.
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
from tflm_hil.report.causes import Imitated
from tflm_hil.report.judgement import Scope, Verdict
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Mistake, OperatorsForget
from tflm_hil.report.records import VariantRecord
from tflm_hil.report.render.progress import SilentProgress
from tflm_hil.report.render.verdicts import verdict_text
from tflm_hil.run.run import Run
from tflm_hil.vocabulary import Engine

from tests.support.edited_firmware import Edit, edited_firmware

FORGETS = frozenset({Peculiarity.FORGETFUL_LSTM})
ROUNDS = frozenset({Peculiarity.SINGLE_PRECISION})
LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
MODELS = REPOSITORY / "fixtures" / "models"

# A firmware with both in it, that calls itself by the name of the engine that has them.
EDITS = (
    Edit("engine/builtin/imitation.h", "Imitation() { return {}; }",
         "Imitation() { return {true, true}; }"),
    Edit("engine/builtin/engine.cc", '{"builtin", "1.0", "portable"}',
         '{"tflm", "1.0", "cmsis-nn"}'),
)  # fmt: skip


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


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VariantRecord]:
    """A run of two fused LSTM on the emulated board, with the firmware that forgets and rounds."""
    names = ("stateful_lstm-int8-fused", "stacked_lstm-int8-fused")
    settings = replace(
        config(tmp_path_factory.mktemp("reports")), firmware=edited_firmware(*EDITS).elf
    )
    chosen = [variant(name) for name in names]
    run = Run(settings, SilentProgress(), chosen)
    for item in chosen:
        run.over_long_sequence(item)
    return {record.id: record for record in run.finish().variants}


def test_the_report_names_it_in_samples_and_over_a_thousand_steps(
    records: dict[str, VariantRecord],
) -> None:
    for record in records.values():
        text = verdict_text(record)
        print(text)
        assert record.verdict is Verdict.FAIL
        assert record.failure is not None
        assert record.explanation is not None
        cause = record.explanation.causes[0]
        assert cause.kind is CauseKind.KERNEL_FORGETS
        assert cause.mistake == Mistake(OperatorsForget((LSTM,)))
        (evidence,) = cause.evidence
        assert isinstance(evidence, Imitated)
        assert evidence.sequences == evidence.of
        assert "Cause: kernel forgets its state between calls" in text
        assert "→ Build the TFLM tree without OPTIMIZED_KERNEL_DIR=cmsis_nn" in text
        assert "Possible causes" not in text, "nobody is left to guess"
    stacked = records["stacked_lstm-int8-fused"].failure
    assert stacked is not None
    assert stacked.check.scope is Scope.LONG_RUN, "one Invoke a sequence: only there it shows"
