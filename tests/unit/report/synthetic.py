"""A run record with one of everything, made up: for tests of what is made from records."""

from __future__ import annotations

from dataclasses import replace

from tflm_hil.report.costs import CycleRecord, LinkRecord
from tflm_hil.report.drifting import DriftRecord, Trend, TrendKind
from tflm_hil.report.forensics import CodePlace, FaultForensics
from tflm_hil.report.judgement import Failure, Limit, Measurement, Part, Rung, Verdict
from tflm_hil.report.records import (
    BoardRecord,
    Circumstances,
    ClockRecord,
    ClockTreeRecord,
    ErrorRecord,
    FirmwareRecord,
    FlashPart,
    FlashRecord,
    HostRecord,
    IncidentRecord,
    LeftOutRecord,
    Recovery,
    RecoveryRecord,
    RunRecord,
    TestCounts,
    VariantRecord,
)
from tflm_hil.report.resumption import ResumeRecord
from tflm_hil.report.statistics import distribution
from tflm_hil.vocabulary import Measure, RungName, Task

CIRCUMSTANCES = Circumstances(
    board=BoardRecord(
        "nucleo-f746zg-emulated", "NUCLEO-F746ZG", True, "EMU-F746ZG-00", "/dev/pts/3", 921600
    ),
    firmware=FirmwareRecord(
        "3f2a91c0d1e2f3a4b5c63f2a91c0d1e2f3a4b5c6",
        "builtin",
        "1.0",
        "portable",
        "GNU 12.2.1",
        "-O3 -mcpu=cortex-m7 -mfpu=fpv5-sp-d16",
        61234,
        213000,
    ),
    clock=ClockRecord(
        216_000_000,
        7,
        True,
        True,
        True,
        "insn-count-1",
        True,
        54_000_000,
        ClockTreeRecord("PLL", True, "HSE", 8, 432, 2, 9, 1, 4, 2, True),
    ),
    host=HostRecord("Linux 6.1 x86_64", "3.11.2", {"pyocd": "0.46.0"}, "60c3369abcdef", True),
)


DIVERGING = DriftRecord(
    name=RungName.TFLITE,
    against=RungName.KERAS,
    sequences=40,
    steps=9,
    max_abs=0.25,
    trend=Trend(TrendKind.DIVERGING, 0.125, 0.01, 1e-6, 3.0, doubling_steps=12.0),
    first_differing_step=0,
    first_diverging_step=None,
    lost=False,
    saturation=None,
)


def differing(count: int) -> Measurement:
    """How many of the device's integers are not desktop TFLM's; none may be."""
    limit = Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0)
    return Measurement(Measure.DIFFERING, count, RungName.DEVICE, limit=limit)


def variant(dtype: str, export: str, model: str = "digits_lstm") -> VariantRecord:
    """A variant that passed; an int8 one differs by 13 LSB between TFLite and TFLM."""
    integer = dtype == "int8"
    cycles = distribution([122_000 + 7 * number for number in range(360)])
    return VariantRecord(
        id=f"{model}-{dtype}-{export}",
        model=model,
        export=export,
        dtype=dtype,
        sha256="ab" * 32,
        file_bytes=6144,
        verdict=Verdict.PASS,
        title=f"Handwritten digits row by row, {model}",
        task=Task.CLASSIFICATION,
        sequences=360,
        sequences_in_set=360,
        steps=360,
        time_steps=8,
        rungs=(
            Rung(RungName.KERAS, accuracy=0.9722),
            Rung(
                RungName.TFLITE,
                RungName.KERAS,
                0.9694,
                0.0312 if integer else 6e-7,
                0.001,
                0.002,
                0.9999,
                0.997,
                3000,
                3600,
            ),
            Rung(
                RungName.TFLM,
                RungName.TFLITE,
                0.9694,
                0.0508 if integer else 1.2e-7,
                0.001,
                0.002,
                0.9999,
                0.997,
                300,
                3600,
                13 if integer else None,
                {0: 3300, 1: 299, 13: 1} if integer else None,
            ),
            Rung(
                RungName.DEVICE,
                RungName.TFLM,
                0.9694,
                0.0 if integer else 1.2e-7,
                0.0,
                0.0,
                1.0,
                1.0,
                0,
                3600,
                0 if integer else None,
                {0: 3600} if integer else None,
            ),
        ),
        cycles=CycleRecord(cycles, cycles, cycles, "insn-count-1", True, cycles),
        arena_bytes=8500,
        stack_bytes=1240,
        measurements=(differing(0),),
        link=LinkRecord(100_000, 30_000, 95_000, 2, 1, 1.2, 1.1, 0.91, 0.88, 1.085),
    )


def regression_variant(dtype: str = "int8", export: str = "step") -> VariantRecord:
    """A predictor that takes a step an Invoke, nine a sequence, and drifts."""
    made = variant(dtype, export, "sine_gru")
    rungs = [
        replace(rung, accuracy=None, argmax_agreement=None, label_rmse=0.2255 + 0.0011 * number)
        for number, rung in enumerate(made.rungs)
    ]
    cycles = distribution([11_400 + number for number in range(360)])
    whole = distribution([9 * 11_400 + number for number in range(40)])
    return replace(
        made,
        title="Next value of a noisy sine, GRU(10)",
        task=Task.REGRESSION,
        sequences=40,
        sequences_in_set=371,
        time_steps=9,
        cycles=CycleRecord(cycles, cycles, cycles, "insn-count-1", True, whole),
        rungs=tuple(rungs),
        drift=(DIVERGING,),
        messages=("Input saturates",),
        measurements=(
            Measurement(
                Measure.LABEL_RMSE,
                0.2288,
                RungName.DEVICE,
                limit=Limit(RungName.DEVICE, Measure.LABEL_RMSE, maximum=0.25),
                not_judged=Part(40, 371),
            ),
        ),
    )


def failed_variant() -> VariantRecord:
    """The device differs from TFLM although it must not."""
    made = variant("int8", "unrolled", "digits_gru")
    *others, device = made.rungs
    device = replace(
        device,
        max_abs=0.0078,
        differing=3,
        max_lsb=2,
        lsb_histogram={0: 3597, 1: 1, 2: 2},
        worst=(17, 4),
    )
    return replace(
        made,
        verdict=Verdict.FAIL,
        rungs=(*others, device),
        failure=Failure(RungName.DEVICE, differing(3)),
        measurements=(differing(3),),
    )


FAULT = FaultForensics(
    pc=CodePlace(0x08003A1C, "hil::Lstm  lstm.cc:120"),
    call=CodePlace(0x08003B01, "hil::Invoke  engine.cc:41"),
    registers=tuple(range(13)),
    sp=0x20003D30,
    xpsr=0x61000000,
    exc_return=0xFFFFFFF9,
    cfsr=1 << 9,
    hfsr=1 << 30,
    mmfar=0,
    bfar=0x30000000,
    address=0x30000000,
    request="sequence",
    request_number=5,
)


def broken_variant() -> VariantRecord:
    """The board faulted before there was anything to compare."""
    return VariantRecord(
        id="digits_lstm-int8-fused",
        model="digits_lstm",
        export="fused",
        dtype="int8",
        sha256="cd" * 32,
        file_bytes=6000,
        verdict=Verdict.ERROR,
        error=ErrorRecord(
            "TargetFault",
            "HardFault during inference",
            "read the source line",
            fault=FAULT,
        ),
    )


def run() -> RunRecord:
    """All of the above, an incident, a finding, a resume, and flash."""
    return RunRecord(
        run_id="20261122-011502-nucleo-f746zg-emulated",
        started="2026-11-22T01:15:02+00:00",
        seconds=41.2,
        verdict=Verdict.ERROR,
        complete=True,
        circumstances=CIRCUMSTANCES,
        variants=(
            variant("float32", "loop"),
            variant("int8", "unrolled"),
            broken_variant(),
            failed_variant(),
            regression_variant(),
        ),
        flash=(
            FlashRecord(FlashPart.FIRMWARE, 61234, 3, 0.8),
            FlashRecord(FlashPart.MODELS, 0, 0, 0.0),
        ),
        incidents=(
            IncidentRecord(
                "test_faults.py::test_hard_fault",
                ErrorRecord("TargetFault", "HardFault during inference", fault=FAULT),
                True,
                RecoveryRecord(Recovery.ANSWERS),
            ),
            IncidentRecord(
                "test_ladder.py::test_it",
                ErrorRecord("LinkTimeout", "nothing came back", "look at the cable"),
                False,
                RecoveryRecord(Recovery.ANSWERS),
            ),
        ),
        findings=("clock-off: USART3 was written while its clock was off",),
        errors=(ErrorRecord("EmulatorError", "the emulator ended", "run again"),),
        tests=TestCounts(61, 1, 1, 0),
        resumed=(ResumeRecord("2026-11-22T01:15:02+00:00", 812),),
        device_busy_seconds=5.2,
        line_seconds=4.8,
        streaming_board_seconds=12.0,
        streaming_seconds=14.5,
        left_out=(
            LeftOutRecord("mnist_lstm-int8-shift", "its samples are not shipped: make them"),
            LeftOutRecord("mnist_gru-int8-shift", "its samples are not shipped: make them"),
        ),
    )
