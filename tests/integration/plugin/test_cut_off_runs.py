"""What a run that was cut off leaves, and what the next one makes of it, damaged or not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tflm_hil.report import journal_lines, json_report
from tflm_hil.report.journal import JOURNAL_NAME
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.resumption import DamageKind, PassedOver, PassedOverRecord
from tflm_hil.vocabulary import Measure

from tests.integration.plugin.conftest import RunPytest

# Its kernels take other ways for other data: cold and warm cycles depend on the last sequence.
VARIANT = "digits_lstm-int8-fused"
OTHER = "sine_gru-int8-step"
SEQUENCES = 6
SOURCE = "def test_it(measured): pass"
LINK = (
    Measure.LINK_PAYLOAD,
    Measure.LINK_RETRANSMISSIONS,
    Measure.LINK_PAYLOAD_SHARE,
)

Go = Callable[..., RunRecord]


@pytest.fixture
def go(run_pytest: RunPytest, pytester: pytest.Pytester) -> Go:
    """A run of VARIANT that passes, or of what `chosen` says: its record."""

    def run(chosen: str = VARIANT, *arguments: str) -> RunRecord:
        words = ["-k", chosen, "--hil-sequences", str(SEQUENCES), *arguments]
        result = run_pytest(SOURCE, *words)
        assert result.ret == 0
        latest = max(pytester.path.glob("reports/*/report.json"), key=lambda p: p.stat().st_mtime)
        return json_report.read(latest)

    return run


def journal_of(run: RunRecord) -> Path:
    return Path("reports") / run.run_id / JOURNAL_NAME


def cut_off(run: RunRecord, *, results: int = SEQUENCES) -> Path:
    """Make a finished run one that was killed when it had so many results."""
    path = journal_of(run)
    kept, found = [], 0
    for line in path.read_bytes().splitlines(keepends=True):
        found += line.startswith(b'{"event":"result"')
        if found > results or line.startswith(b'{"event":"closed"'):
            break
        kept.append(line)
    path.write_bytes(b"".join(kept))
    (path.parent / "report.json").unlink()
    return path


def lasting(run: RunRecord) -> list[VariantRecord]:
    """What does not depend on how the run went."""
    return [
        replace(
            variant,
            link=None,
            sequences_resumed=0,
            measurements=tuple(item for item in variant.measurements if item.measure not in LINK),
        )
        for variant in run.variants
    ]


def alone(run: RunRecord) -> list[VariantRecord]:
    """The same without what models before it left: the stack's high-water mark since start-up."""
    return [
        replace(
            variant,
            stack_bytes=None,
            measurements=tuple(m for m in variant.measurements if m.measure is not Measure.STACK),
        )
        for variant in lasting(run)
    ]


def changed_line(path: Path, key: int, change: Callable[[bytes], bytes]) -> None:
    """Change the line of the result `key`."""
    lines = path.read_bytes().splitlines(keepends=True)
    (place,) = (number for number, line in enumerate(lines) if b'"key":%d,' % key in line)
    lines[place] = change(lines[place])
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize("kept", [SEQUENCES, 2])
def test_figures_of_a_resumed_run_are_those_of_any_run(go: Go, kept: int) -> None:
    """Cold and warm cycles, too: they are measured on the last sequence."""
    whole = go()
    (variant,) = whole.variants
    assert variant.cycles is not None
    assert variant.cycles.cold is not None
    cut_off(whole, results=kept)
    resumed = go()
    assert resumed.run_id == whole.run_id
    assert resumed.resumed[0].sequences_kept == resumed.variants[0].sequences_resumed == kept
    assert lasting(resumed) == lasting(whole)
    assert resumed.damaged == ()


def flipped(line: bytes) -> bytes:
    """One bit of the stored answer."""
    at = line.index(b'"outputs":"') + 12
    other = b"B" if line[at : at + 1] != b"B" else b"C"
    return line[:at] + other + line[at + 1 :]


def shortened(line: bytes) -> bytes:
    """With fewer outputs, and JSON all the same."""
    entry = json.loads(line)
    entry["outputs"] = base64.b64encode(base64.b64decode(entry["outputs"])[:-3]).decode()
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def test_damaged_lines_are_measured_again_and_told(go: Go) -> None:
    whole = go()
    path = cut_off(whole)
    changed_line(path, 1, flipped)
    changed_line(path, 3, shortened)
    changed_line(path, 4, lambda _: b"")
    content = path.read_bytes()[:-9]
    path.write_bytes(content)
    resumed = go()
    assert resumed.verdict is Verdict.PASS
    assert lasting(resumed) == lasting(whole)
    assert resumed.variants[0].sequences_resumed == SEQUENCES - 3
    told = {damage.kind: (damage.count, len(damage.lines)) for damage in resumed.damaged}
    assert told == {
        DamageKind.CHECKSUM: (2, 2),
        DamageKind.MISSING: (1, 1),
        DamageKind.TORN: (1, 1),
    }
    assert (path.parent / resumed.damaged[0].kept).read_bytes() == content


def test_a_line_that_was_forged_is_refuted_by_the_board(go: Go) -> None:
    """With a checksum that is right: the last answer is asked for again, and is another one."""

    def forged(line: bytes) -> bytes:
        entry = json.loads(flipped(line))
        number, event = entry.pop("n"), entry.pop("event")
        del entry["crc"]
        return journal_lines.encode(number, event, entry)

    whole = go()
    changed_line(cut_off(whole), SEQUENCES - 1, forged)
    resumed = go()
    assert resumed.verdict is Verdict.PASS
    assert lasting(resumed) == lasting(whole)
    (record,) = resumed.resumed
    assert (record.sequences_kept, record.sequences_refuted) == (0, SEQUENCES)


def test_a_run_of_other_models_loses_nothing_and_says_so(go: Go) -> None:
    """Killed in the second of two; a run of the one alone takes what fits, and leaves the rest."""
    both = f"{VARIANT} or {OTHER}"
    whole = go(both)
    path = cut_off(whole, results=SEQUENCES + 2)
    content = path.read_bytes()

    between = go(OTHER)
    assert between.run_id != whole.run_id
    assert between.passed_over == (
        PassedOverRecord(whole.run_id, PassedOver.OTHER_SCOPE, SEQUENCES + 2),
    )
    (own,) = (item for item in whole.variants if item.id == OTHER)
    first = next(item.id for item in whole.variants)
    taken = 2 if first == VARIANT else SEQUENCES
    assert [(item.run_id, item.sequences_kept) for item in between.resumed] == [
        (whole.run_id, taken)
    ]
    assert alone(between) == alone(replace(whole, variants=(own,)))
    assert path.read_bytes() == content

    resumed = go(both)
    assert resumed.run_id == whole.run_id
    assert resumed.resumed[0].sequences_kept == SEQUENCES + 2
    assert lasting(resumed) == lasting(whole)
    assert go(both).run_id != whole.run_id, "it has come to its end"


def test_a_run_of_another_version_is_left_and_named(go: Go) -> None:
    whole = go()
    path = cut_off(whole)
    lines = [
        b'{"event":"run","board":"nucleo-f746zg-emulated","format":2,"resumed":false}\n',
        b'{"event":"result","context":"c","key":0,"outputs":"AA==","cycles":[1]}\n',
    ]
    path.write_bytes(b"".join(lines))
    fresh = go()
    assert fresh.run_id != whole.run_id
    assert fresh.passed_over == (PassedOverRecord(whole.run_id, PassedOver.OTHER_VERSION, 1),)
    assert lasting(fresh) == lasting(whole)
    assert path.read_bytes() == b"".join(lines)
