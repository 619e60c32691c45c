"""An error reply of the device as the error that a user sees."""

from __future__ import annotations

from tflm_hil.device_answers import Rejection
from tflm_hil.errors import (
    ArenaTooSmall,
    CorruptModel,
    DeviceError,
    ModelMismatch,
    ModelRejected,
    ProtocolError,
    UnsupportedModel,
)
from tflm_hil.link.protocol import TABLE

_ERROR = TABLE.codes["error"]

_BY_STATUS: dict[str, tuple[type[ModelRejected], str]] = {
    "corrupt_model": (CorruptModel, "convert the model again; the .tflite is damaged"),
    "unsupported_schema": (UnsupportedModel, "convert with a current TensorFlow (schema 3)"),
    "unsupported_operator": (
        UnsupportedModel,
        "replace the layer that makes it, or use another export; with --hil-tflm-operators used,"
        " link all",
    ),
    "unsupported_type": (
        UnsupportedModel,
        "convert to float32, or fully to int8; declare token ids as int32",
    ),
    "unsupported_shape": (UnsupportedModel, "give the model a fixed batch and sequence length"),
    "unsupported_option": (
        UnsupportedModel,
        "convert to float32, or replace the layer that makes the operator",
    ),
    "arena_too_small": (
        ArenaTooSmall,
        "use an export that holds fewer steps at one time, or a board with more memory",
    ),
}


def error_for(rejection: Rejection, *, board: str) -> DeviceError | ProtocolError:
    """The typed error that says what `rejection` means and what to do."""
    said = rejection.text or rejection.status
    if rejection.error == _ERROR["engine"]:
        if rejection.status in _BY_STATUS:
            kind, remedy = _BY_STATUS[rejection.status]
            if rejection.status == "arena_too_small":
                missing = rejection.needed - rejection.available
                said = (
                    f"{said}: the model needs {rejection.needed} bytes of tensor arena, "
                    f"{rejection.available} are there, {missing} are missing"
                )
            return kind(said, rejection=rejection, remedy=remedy, board=board)
        return DeviceError(
            f"{rejection.request} failed on the device: {said}",
            remedy="load the model with preserve_all if its tensors are read",
            board=board,
        )
    if rejection.error == _ERROR["model_not_in_slot"]:
        return ModelMismatch(
            f"the model under test is not in the board's model slot: {said}",
            rejection=rejection,
            remedy="flash it: `pytest --board …` does so by itself without --hil-no-flash",
            board=board,
        )
    if rejection.error == _ERROR["slot_damaged"]:
        return CorruptModel(
            f"the copy in the board's model slot is damaged: {said}",
            rejection=rejection,
            remedy="erase the slot and flash the model again",
            board=board,
        )
    if rejection.error == _ERROR["no_model"]:
        return DeviceError(
            f"{rejection.request}: no model is loaded", remedy="call load() first", board=board
        )
    if rejection.error == _ERROR["too_many_tensors"]:
        return UnsupportedModel(
            said,
            rejection=rejection,
            remedy="reduce the number of inputs and outputs, or shorten their names",
            board=board,
        )
    return ProtocolError(
        f"the device refused {rejection.request}: {said}",
        remedy="build and flash the firmware of this version: host and firmware disagree",
        board=board,
    )
