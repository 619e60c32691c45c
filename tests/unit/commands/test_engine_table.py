"""Side by side: ratios to the first engine, differences in words, the operators that cost."""

from __future__ import annotations

from dataclasses import replace

from tflm_hil.commands.engine_table import (
    NO_STATE,
    Carried,
    EngineResult,
    StateBetweenCalls,
    markdown,
    render,
)
from tflm_hil.report.costs import CycleRecord
from tflm_hil.report.judgement import Rung, Verdict
from tflm_hil.report.records import RunRecord, VariantRecord
from tflm_hil.report.statistics import distribution
from tflm_hil.vocabulary import RungName, Task

INT8 = {
    "lsb_histogram": {0: 97, 1: 2, 4: 1},
    "max_lsb": 4,
    "max_abs": 0.1,
    "differing": 3,
    "argmax_agreement": 0.99,
}
FLOAT = {"max_abs": 3.5e-7, "differing": 40}


def variant(id_: str, cycles: int, rung: dict[str, object]) -> VariantRecord:
    return VariantRecord(
        id=id_,
        model="m",
        export="loop",
        dtype="int8",
        task=Task.CLASSIFICATION,
        sha256="",
        file_bytes=1,
        verdict=Verdict.PASS,
        cycles=CycleRecord(distribution([cycles] * 3), None, None, "insn-count-1", True),
        arena_bytes=cycles // 10,
        stack_bytes=900 + cycles % 7,
        rungs=(Rung(RungName.DEVICE, RungName.TFLM, values=100, **rung),),  # type: ignore[arg-type]
    )


def engine(
    label: str, cycles: dict[str, int], operators: dict[str, int], small: int | None = None
) -> EngineResult:
    kinds: dict[str, dict[str, object]] = {"a-int8": {**INT8}, "b-float32": {**FLOAT}}
    record = RunRecord(
        run_id="r",
        started="",
        seconds=1.0,
        verdict=Verdict.PASS,
        complete=True,
        variants=tuple(variant(id_, count, kinds[id_]) for id_, count in cycles.items()),
    )
    kept = StateBetweenCalls(Carried.KEPT)
    wiped = StateBetweenCalls(Carried.WIPED, ("LSTM",))
    state = {"a-int8": kept if label == "builtin" else wiped, "b-float32": NO_STATE}
    return EngineResult(label, record, {"a-int8": operators}, state, 204_800, small)


BUILTIN = engine("builtin", {"a-int8": 3000, "b-float32": 1000}, {"TANH": 2000, "ADD": 900})
TFLM = engine("tflm", {"a-int8": 2000, "b-float32": 1500}, {"TANH": 500, "ADD": 1400}, 102_400)


def lines(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_cycles_with_their_ratio_to_the_first() -> None:
    text = render([BUILTIN, TFLM])
    assert "modelled, insn-count-1" in text
    cycles = lines(text, "a-int8")[0]
    assert "3,000 (1.00)" in cycles
    assert "2,000 (0.67)" in cycles
    assert "1,500 (1.50)" in lines(text, "b-float32")[0]


def test_differences_are_a_histogram_for_integers_and_a_size_for_floats() -> None:
    text = render([BUILTIN, TFLM])
    assert "3/100 · 1 LSB: 2, 4 LSB: 1 · 99.0 %" in lines(text, "a-int8")[2]
    assert lines(text, "b-float32")[2].endswith("40/100 · 3.5e-07"), "no classifier"


def test_regression_has_no_class_to_agree_on() -> None:
    regression = tuple(replace(item, task=Task.REGRESSION) for item in TFLM.record.variants)
    other = replace(TFLM, record=replace(TFLM.record, variants=regression))
    assert lines(render([BUILTIN, other]), "a-int8")[2].endswith("1 LSB: 2, 4 LSB: 1")


def test_the_same_as_markdown() -> None:
    text = markdown([BUILTIN, TFLM])
    assert "| a-int8 | 3,000 (1.00) | 2,000 (0.67) |" in text
    assert "| b-float32 | 40/100 · 3.5e-07 | 40/100 · 3.5e-07 |" in text
    assert "|  | builtin | tflm |\n|---|---:|---:|" in text
    assert "builtin is slower than tflm" in text


def test_state_of_the_variants_that_have_any() -> None:
    text = render([BUILTIN, TFLM])
    section = text[text.index("state between two calls") :].split("\n\n")[0]
    assert lines(section, "a-int8")[0].endswith("kept  wiped by LSTM")
    assert "b-float32" not in section


def test_both_flash_sizes() -> None:
    text = render([BUILTIN, TFLM])
    assert lines(text, "flash, kB")[0].split()[-2:] == ["200.0", "200.0"]
    assert lines(text, "  with the operators used only")[0].split()[-2:] == ["-", "100.0"]


def test_where_the_first_is_slower_the_operator_is_named() -> None:
    text = render([BUILTIN, TFLM])
    slower = text[text.index("builtin is slower than tflm") :]
    assert "a-int8: 3,000 against 2,000 cycles (+50%): TANH 2,000 against 500" in slower
    assert "ADD" not in slower, "there it is faster"
    assert "b-float32" not in slower


def test_nowhere_slower() -> None:
    text = render([TFLM, engine("late", {"a-int8": 2000, "b-float32": 9000}, {})])
    assert "tflm is nowhere slower than late" in text


def test_a_variant_that_could_not_be_measured() -> None:
    failed = VariantRecord("a-int8", "m", "loop", "int8", "", 1, Verdict.ERROR)
    record = RunRecord("r", "", 1.0, Verdict.ERROR, True, variants=(failed,))
    text = render([BUILTIN, EngineResult("broken", record, {}, {}, 0, None)])
    assert lines(text, "a-int8")[0].endswith("error")
    assert lines(text, "b-float32")[0].endswith("error"), "not even tried"
