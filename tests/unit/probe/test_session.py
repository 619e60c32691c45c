"""pyOCD's and USB's exceptions in our terms."""

from __future__ import annotations

import errno

import pytest
from pyocd.core import exceptions
from tflm_hil.errors import (
    ConfigurationError,
    EmulatorError,
    FlashError,
    HilError,
    ProbeBusy,
    ProbeNotFound,
    TargetUnreachable,
)
from tflm_hil.probe.flash_layout import FlashLayout
from tflm_hil.probe.session import ProbeSettings, in_our_terms, open_session

FLASH = FlashLayout(0x0800_0000, 0x8_0000, 0x0808_0000, 0x8_0000)
SETTINGS = ProbeSettings("066EFF383733503457223432", "stm32f746zg", FLASH, "nucleo-f746zg")


def chained(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


CASES: list[tuple[Exception, type[HilError], str]] = [
    (
        exceptions.FlashProgramFailure("program failed", address=0x08080040, result_code=1),
        FlashError,
        r"at 0x08080040: program failed \(algorithm result 0x1\)",
    ),
    (exceptions.FlashEraseFailure("erase timed out"), FlashError, "erase timed out"),
    (
        chained(exceptions.ProbeError("USB Error"), OSError(errno.EBUSY, "Resource busy")),
        ProbeBusy,
        "in use by another program",
    ),
    (OSError(errno.EACCES, "Access denied"), ProbeBusy, "no permission"),
    (OSError(errno.ENODEV, "No such device"), ProbeNotFound, "went away"),
    (exceptions.ProbeDisconnected("gone"), ProbeNotFound, "went away"),
    (
        exceptions.TransferFaultError(fault_address=0x60000000),
        TargetUnreachable,
        "refused a debug access at 0x60000000",
    ),
    (exceptions.TransferError("no ACK"), TargetUnreachable, "does not answer: no ACK"),
    (exceptions.ProbeError("STLink error 4"), TargetUnreachable, "STLink error 4"),
    (exceptions.TargetSupportError("another chip"), ConfigurationError, "another chip"),
    (AssertionError(), TargetUnreachable, "no answer"),
    (
        chained(exceptions.ProbeDisconnected("gone"), EmulatorError("it died", remedy="restart")),
        EmulatorError,
        "it died",
    ),
]


@pytest.mark.parametrize(("raised", "expected", "text"), CASES, ids=lambda case: repr(case)[:40])
def test_every_error_is_one_of_ours_with_board_and_remedy(
    raised: Exception, expected: type[HilError], text: str
) -> None:
    with pytest.raises(expected, match=text) as caught, in_our_terms(SETTINGS):
        raise raised
    assert type(caught.value) is expected
    assert caught.value.board == "nucleo-f746zg"
    assert caught.value.remedy


def test_our_own_errors_pass_unchanged() -> None:
    error = HilError("as it is")
    with pytest.raises(HilError) as caught, in_our_terms(SETTINGS):
        raise error
    assert caught.value is error


def test_a_probe_that_is_not_attached_is_not_tried_again() -> None:
    with (
        pytest.raises(ProbeNotFound, match="no probe with serial 066EFF38"),
        open_session(SETTINGS),
    ):
        pass
