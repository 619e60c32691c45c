"""Error replies as typed errors that say what to do."""

from __future__ import annotations

import pytest
from tflm_hil import errors
from tflm_hil.device_answers import Rejection
from tflm_hil.link.protocol import TABLE
from tflm_hil.link.refusals import error_for


def rejection(error: str, status: str = "ok") -> Rejection:
    code = TABLE.codes["error"][error]
    return Rejection("load", code, status, 0, 3, 114, 5000, 4096, "the thing")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("corrupt_model", errors.CorruptModel),
        ("unsupported_schema", errors.UnsupportedModel),
        ("unsupported_operator", errors.UnsupportedModel),
        ("unsupported_type", errors.UnsupportedModel),
        ("unsupported_shape", errors.UnsupportedModel),
        ("unsupported_option", errors.UnsupportedModel),
        ("arena_too_small", errors.ArenaTooSmall),
        ("not_readable", errors.DeviceError),
        ("invoke_failed", errors.DeviceError),
    ],
)
def test_engine_refusals(status: str, kind: type[errors.HilError]) -> None:
    error = error_for(rejection("engine", status), board="b")
    assert type(error) is kind
    assert "the thing" in error.what
    assert error.remedy
    assert error.board == "b"
    if isinstance(error, errors.ModelRejected):
        assert error.rejection == rejection("engine", status)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("model_not_in_slot", errors.ModelMismatch),
        ("slot_damaged", errors.CorruptModel),
        ("no_model", errors.DeviceError),
        ("too_many_tensors", errors.UnsupportedModel),
        ("unknown_request", errors.ProtocolError),
        ("bad_length", errors.ProtocolError),
        ("bad_argument", errors.ProtocolError),
        ("reply_lost", errors.ProtocolError),
    ],
)
def test_other_refusals(code: str, kind: type[errors.HilError]) -> None:
    error = error_for(rejection(code), board="b")
    assert type(error) is kind
    assert error.remedy


def test_a_small_arena_is_told_by_how_much() -> None:
    error = error_for(rejection("engine", "arena_too_small"), board="b")
    for number in ("5000", "4096", "904"):
        assert number in error.what
