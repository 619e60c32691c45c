"""Every error of the issue's list, as a user meets it: a pytest *error* with the typed sentence."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.firmware_build.build import build

from tests.integration.plugin.conftest import RunPytest
from tests.support import tiny_models
from tests.support.boards import FLASH, probe_of
from tests.support.emulated_boards import NUCLEO

MakeZoo = Callable[..., Path]

NEEDS_DEVICE = "def test_it(device): pass"
NEEDS_MODEL = "def test_it(measured): pass"

ARM_AND_STEP = """
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.bench.variants import slot_entry, variants

def prepare(hil, bench):
    small = next(v for v in variants(hil.config) if v.id == "digits_lstm-int8-fused")
    device = bench.load(slot_entry(small))
    return device, bytes(device.model.input_bytes)
"""


def shown_as_error(
    result: pytest.RunResult, *, errors: int = 1, passed: int = 0, blocked: int = 0
) -> str:
    """The output, after checking that nothing was called *failed* and no traceback was shown."""
    text = result.stdout.str()
    result.assert_outcomes(errors=errors, passed=passed)
    assert result.parseoutcomes().get("blocked", 0) == blocked
    assert "Traceback" not in text
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    return text


# --- board, tools ----------------------------------------------------------------------------


def test_unknown_board(run_pytest: RunPytest) -> None:
    result = run_pytest(NEEDS_DEVICE, board="nucleo-f746zg-emulate")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: UnknownBoard: no board is called 'nucleo-f746zg-emulate'*",
            "*did you mean nucleo-f746zg-em*",
        ]
    )


def test_tty_missing(run_pytest: RunPytest) -> None:
    two = NEEDS_DEVICE + "\ndef test_next(device): pass"
    text = shown_as_error(run_pytest(two, "--hil-tty", "/dev/ttyNOWHERE"), blocked=1)
    assert "SerialPortNotFound" in text
    assert "/dev/ttyNOWHERE cannot be opened" in text


def test_emulator_missing(run_pytest: RunPytest) -> None:
    text = shown_as_error(run_pytest(NEEDS_DEVICE, "--hil-probe-uid", "EMU-F746ZG-77"))
    assert "ProbeNotFound" in text
    assert "no emulated nucleo-f746zg with uid EMU-F746ZG-77 is running" in text
    assert "hil emulate nucleo-f746zg" in text


def test_real_board_missing(run_pytest: RunPytest) -> None:
    text = shown_as_error(run_pytest(NEEDS_DEVICE, board="nucleo-f746zg"))
    assert "ProbeNotFound" in text


def test_compiler_missing(run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    text = shown_as_error(run_pytest(NEEDS_DEVICE))
    assert "ToolchainMissing" in text
    assert "→" in text


def test_killed_emulator_latches_the_board(run_pytest: RunPytest) -> None:
    result = run_pytest(
        """
        import os, signal
        def test_kills_it(bench):
            device = bench.device()
            os.kill(bench.board.emulator.pid, signal.SIGKILL)
            device.status()
        def test_next(device): pass
        """
    )
    text = shown_as_error(result, blocked=1)
    assert "EmulatorError" in text
    assert "has ended while it was in use" in text
    assert "1 further test blocked by it" in text


def test_silent_board(run_pytest: RunPytest) -> None:
    result = run_pytest(
        ARM_AND_STEP
        + """
def test_silence(hil, bench):
    bench.device()
    with bench.patience(1.0):
        device, block = prepare(hil, bench)
        device.arm_fault("silent")
        device.step(block)
def test_next(device): pass
"""
    )
    text = shown_as_error(result, passed=1)
    assert "FirmwareSilent" in text
    assert "the board has said nothing for 1 s" in text
    assert "asleep in WFI" in text, "the post-mortem"


# --- firmware --------------------------------------------------------------------------------


def other_build(path: Path, *, shift: int = 0) -> Path:
    """The firmware with another build-id; with `shift` its segments lie so much higher."""
    content = bytearray(build("nucleo_f746zg").elf.read_bytes())
    with build("nucleo_f746zg").elf.open("rb") as stream:
        elf = ELFFile(stream)
        notes = [s for s in elf.iter_sections() if isinstance(s, NoteSection)]
        for section in notes:
            # header of three words, "GNU\0", then the id
            content[section["sh_offset"] + 16] ^= 0xFF
        for number, segment in enumerate(elf.iter_segments()):
            if shift and segment["p_type"] == "PT_LOAD" and segment["p_filesz"]:
                place = elf["e_phoff"] + number * elf["e_phentsize"] + 12
                struct.pack_into("<I", content, place, segment["p_paddr"] + shift)
    path.write_bytes(content)
    return path


def test_wrong_firmware_on_the_board(run_pytest: RunPytest, tmp_path: Path) -> None:
    elf, uid = other_build(tmp_path / "other.elf"), f"EMU-WRONG-{os.getpid()}"
    try:
        # A board of its own: which of the free ones another run gets is not for this test to say.
        with EmulatorProcess.start(NUCLEO, uid=uid):
            board = ("--hil-probe-uid", uid)
            run_pytest(NEEDS_DEVICE, *board).assert_outcomes(passed=1)  # the right one is on it
            arguments = (*board, "--hil-firmware", str(elf), "--hil-no-flash")
            text = shown_as_error(run_pytest(NEEDS_DEVICE, *arguments))
    finally:
        registry.flash_path(uid).unlink(missing_ok=True)
    assert "WrongFirmware" in text
    assert f"the board runs build {build('nucleo_f746zg').build_id}" in text


def test_probe_of_one_board_and_tty_of_another(run_pytest: RunPytest, tmp_path: Path) -> None:
    """Two boards on a desk, mixed up: what answers is not what was flashed."""
    uids = [f"EMU-MIXED-{number}-{os.getpid()}" for number in (1, 2)]
    try:
        with (
            EmulatorProcess.start(NUCLEO, uid=uids[0]),
            EmulatorProcess.start(NUCLEO, uid=uids[1]) as other,
        ):
            probe_of(uids[1]).flash_firmware(other_build(tmp_path / "other.elf"))
            arguments = ("--hil-probe-uid", uids[0], "--hil-tty", other.tty)
            text = shown_as_error(run_pytest(NEEDS_DEVICE, *arguments))
    finally:
        for uid in uids:
            registry.flash_path(uid).unlink(missing_ok=True)
    assert "WrongFirmware" in text
    assert "check that tty and probe belong to the same board" in text


def test_firmware_too_big(run_pytest: RunPytest, tmp_path: Path) -> None:
    elf = other_build(tmp_path / "big.elf", shift=0x70000)
    text = shown_as_error(run_pytest(NEEDS_DEVICE, "--hil-firmware", str(elf)))
    assert "FirmwareTooBig" in text


def test_fault_during_inference(run_pytest: RunPytest) -> None:
    result = run_pytest(
        ARM_AND_STEP
        + """
def test_fault(hil, bench):
    device, block = prepare(hil, bench)
    device.arm_fault("bad_read")
    device.step(block)
def test_next(hil, bench):
    device, block = prepare(hil, bench)
    assert device.step(block).outputs
    assert bench.hello.fault is None
"""
    )
    text = shown_as_error(result, passed=1)
    assert "TargetFault" in text
    assert "self_test.cc:" in text, "the source line"
    assert "PRECISERR" in text
    for register in ("r0 0x", "r12 0x", "sp 0x", "lr 0x", "CFSR 0x", "BFAR 0x30000000"):
        assert register in text


# --- models ----------------------------------------------------------------------------------


def test_changed_model_file(run_pytest: RunPytest, make_zoo: MakeZoo) -> None:
    zoo = make_zoo({"small": tiny_models.add(4)})
    path = zoo / "made" / "small.tflite"
    path.write_bytes(path.read_bytes() + b"\0")
    result = run_pytest(NEEDS_MODEL, "--hil-zoo", str(zoo))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *manifest.toml: variant*sha256 is *"])


def test_model_that_the_board_does_not_hold(run_pytest: RunPytest, make_zoo: MakeZoo) -> None:
    run_pytest(NEEDS_DEVICE).assert_outcomes(passed=1)
    weights = np.random.default_rng().standard_normal((4, 4)).astype(np.float32)
    zoo = make_zoo({"new": tiny_models.fully_connected(weights)})
    text = shown_as_error(run_pytest(NEEDS_MODEL, "--hil-zoo", str(zoo), "--hil-no-flash"))
    assert "ModelMismatch" in text


def test_refused_models_one_run(run_pytest: RunPytest, make_zoo: MakeZoo) -> None:
    """Each is an error of its own and by its own name; the board goes on answering."""
    whole = tiny_models.fully_connected(np.ones((4, 4), np.float32))
    structure = bytearray(whole)
    structure[3] ^= 0x40  # the root offset
    zoo = make_zoo(
        {
            "truncated": whole[: len(whole) // 2],
            "flipped": bytes(structure),
            "unsupported": tiny_models.with_operator("WHERE"),
            "arena": tiny_models.add(100_000),
        }
    )
    source = """
def test_model(measured): pass
def test_still_answers(bench): assert bench.device().status().invocations >= 0
"""
    text = shown_as_error(run_pytest(source, "--hil-zoo", str(zoo)), errors=4, passed=1)
    assert "CorruptModel" in text
    assert "UnsupportedModel" in text
    assert "WHERE" in text
    assert "ArenaTooSmall" in text
    assert "are missing" in text
    for name in ("truncated", "flipped", "unsupported", "arena"):
        assert f"made-{name}: " in text, "told in the report, too"


def test_model_too_big_for_its_slot(run_pytest: RunPytest, make_zoo: MakeZoo) -> None:
    zoo = make_zoo({"huge": tiny_models.add(4) + bytes(FLASH.slot_bytes)})
    text = shown_as_error(run_pytest(NEEDS_MODEL, "--hil-zoo", str(zoo)))
    assert "ModelTooBig" in text
    assert "too many" in text


CLOCKLESS = """
/* Writes to USART3 although its clock is off, and then says nothing. */
static void start(void) {
  *(volatile unsigned*)0x40004800 = 1;
  for (;;) {
  }
}
__attribute__((section(".vectors"), used)) static void* const vectors[] = {
    (void*)0x20010000, (void*)start};
"""


def test_finding_of_the_strict_emulator_is_an_error(run_pytest: RunPytest, tmp_path: Path) -> None:
    """What would fail on silicon fails the run, by name."""
    (tmp_path / "clockless.c").write_text(CLOCKLESS)
    elf = tmp_path / "clockless.elf"
    flags = ["-mcpu=cortex-m7", "-mthumb", "-O1", "-nostdlib", "-Wl,--build-id=sha1"]
    layout = ["-Wl,--section-start=.vectors=0x08000000", "-Wl,-Ttext=0x08000100"]
    layout += ["-Wl,--section-start=.note.gnu.build-id=0x08000080", "-Wl,-e,0x08000101"]
    subprocess.run(
        ["arm-none-eabi-gcc", *flags, *layout, tmp_path / "clockless.c", "-o", elf], check=True
    )
    text = shown_as_error(run_pytest(NEEDS_DEVICE, "--hil-firmware", str(elf)), errors=2)
    assert "LinkTimeout" in text
    assert "not a byte came" in text, "frames of the firmware before are none of this one"
    assert "not tried again in this run: nothing answers on" in " ".join(text.split())
    assert "StrictFinding" in text
    assert "would fail on silicon: clock-off" in text
    assert "USART3" in text
