"""Every error that tflm-hil raises on purpose: one tree under `HilError`.

An error is a sentence for the person who has to act on it: what happened, on which board, and
what to do. The classes say *whose* problem it is, so that pytest can show an infrastructure
problem as an error and never as a failed model:

    HilError
    ├── ConfigurationError        an option, a board file or a manifest is wrong
    │   ├── UnknownBoard
    │   ├── SamplesMissing        samples that are not shipped have not been made yet
    │   ├── DataSetMissing        a public data set is not where it was looked for
    │   └── DataSetDamaged        a file of a public data set is not what it should be
    ├── BoardError                the board, its probe or its tty
    │   ├── ProbeNotFound  ProbeAmbiguous  ProbeBusy
    │   ├── TargetUnreachable     the probe is there, the processor does not answer it
    │   ├── SerialPortNotFound
    │   ├── EmulatorError         the emulated board could not start, or died
    │   ├── FlashError
    │   ├── StrictFinding         the emulator saw something that would fail on silicon
    │   └── BoardLatchedBroken    found broken earlier in this run, not tried again: has a cause
    ├── FirmwareError
    │   ├── ToolchainMissing  FirmwareBuildError  FirmwareTooBig
    │   ├── TflmTreeInvalid       a TFLM tree lacks something, or is for another machine
    │   └── WrongFirmware         the board runs another build than the one under test
    ├── LinkError
    │   ├── LinkTimeout           nothing came back
    │   │   ├── FirmwareSilent    in the middle of a request, on a line without damage
    │   │   ├── AnswerTooLate     it answers again, on a line without damage
    │   │   ├── NoisyLine         frames were damaged
    │   │   ├── WrongBaudRate     bytes come that are no part of a frame at this rate
    │   │   └── ForeignFirmware   it talks, in plain text
    │   └── ProtocolError         something came back that the protocol does not allow
    ├── DeviceError               the firmware answered with a refusal
    │   ├── TargetFault           HardFault & co.: carries the fault record
    │   ├── DeviceReset           the board restarted in mid-run, without a fault record
    │   └── ModelRejected
    │       ├── CorruptModel  UnsupportedModel  ArenaTooSmall
    │       ├── ModelTooBig       does not fit its slot
    │       └── ModelMismatch     the slot holds another model than the one under test
    ├── StorageError              a file or folder: the disk is full, read-only, not there
    ├── ConversionError           Keras → TFLite
    ├── LintFailed                a model that is wrong or would hang, seen before it is flashed
    ├── ReferenceFailed           a desktop reference could not be computed
    └── ComparisonError           two rungs of the ladder cannot be compared
"""

from __future__ import annotations

from tflm_hil.device_answers import FaultRecord, LineFacts, Rejection
from tflm_hil.visible import visible


class HilError(Exception):
    """Base of all errors of this project.

    `what` is the sentence that says what happened; `remedy` says what to do about it; `board`
    names the board where it happened, when there is one.
    """

    def __init__(self, what: str, *, remedy: str = "", board: str = "") -> None:
        self.what = what
        self.remedy = remedy
        self.board = board
        super().__init__(what)

    def __str__(self) -> str:
        place = f"[{self.board}] " if self.board else ""
        remedy = f"\n  → {self.remedy}" if self.remedy else ""
        return visible(f"{place}{self.what}{remedy}")


class ConfigurationError(HilError):
    """An option, a board file or a manifest is wrong."""


class UnknownBoard(ConfigurationError):
    """No board file has this name."""


class SamplesMissing(ConfigurationError):
    """Samples that are not shipped have not been made on this machine yet."""


class DataSetMissing(ConfigurationError):
    """A public data set is not where it was looked for."""


class DataSetDamaged(ConfigurationError):
    """A file of a public data set is not what it should be."""


class BoardError(HilError):
    """The board, its probe or its serial port."""


class ProbeNotFound(BoardError):
    """No debug probe with the wanted unique id is attached."""


class ProbeAmbiguous(BoardError):
    """More than one probe fits and none was chosen."""


class ProbeBusy(BoardError):
    """The probe is in use by another process."""


class TargetUnreachable(BoardError):
    """The probe answers, but the processor does not answer the probe."""


class SerialPortNotFound(BoardError):
    """The board's tty does not exist or cannot be opened."""


class EmulatorError(BoardError):
    """The emulated board could not start, or died."""


class FlashError(BoardError):
    """Erasing, programming or verifying flash failed."""


class StrictFinding(BoardError):
    """The emulator saw the firmware do something that would fail on silicon."""


class BoardLatchedBroken(BoardError):
    """The board was found broken earlier in this run, by `cause`, and is not tried again."""

    def __init__(self, what: str, *, cause: HilError, remedy: str = "", board: str = "") -> None:
        super().__init__(what, remedy=remedy, board=board)
        self.cause = cause


class FirmwareError(HilError):
    """Building the firmware, or its identity on the board."""


class ToolchainMissing(FirmwareError):
    """A compiler or build tool is not installed."""


class FirmwareBuildError(FirmwareError):
    """The compiler or linker refused; `what` carries its first error."""


class FirmwareTooBig(FirmwareError):
    """The image does not fit the flash that is set aside for it."""


class TflmTreeInvalid(FirmwareError):
    """The TensorFlow Lite Micro tree lacks something, or was built for another machine."""


class WrongFirmware(FirmwareError):
    """The board runs another build than the one under test."""


class LinkError(HilError):
    """The serial link."""


class LinkTimeout(LinkError):
    """The board did not answer in time; `line` is what was counted meanwhile, if it was."""

    def __init__(
        self, what: str, *, line: LineFacts | None = None, remedy: str = "", board: str = ""
    ) -> None:
        super().__init__(what, remedy=remedy, board=board)
        self.line = line


class FirmwareSilent(LinkTimeout):
    """The firmware fell silent in the middle of a request, on a line without damage."""


class AnswerTooLate(LinkTimeout):
    """The firmware lives and the line is clean, but an answer took longer than was allowed."""


class NoisyLine(LinkTimeout):
    """The line damages frames, so that no answer came through."""


class WrongBaudRate(LinkTimeout):
    """Bytes come, but none is part of a frame: the two sides are at different rates."""


class ForeignFirmware(LinkTimeout):
    """What talks on the line is not this project's firmware: it sends text."""


class ProtocolError(LinkError):
    """The board answered with something that the protocol does not allow."""


class DeviceError(HilError):
    """The firmware answered a request with a refusal."""


class TargetFault(DeviceError):
    """The processor took a fault; `record` is what its handler wrote down."""

    def __init__(
        self, what: str, *, record: FaultRecord, remedy: str = "", board: str = ""
    ) -> None:
        super().__init__(what, remedy=remedy, board=board)
        self.record = record


class DeviceReset(DeviceError):
    """The board restarted in the middle of a session and left no fault record."""


class ModelRejected(DeviceError):
    """The firmware refused the model; `rejection` is its answer, when it gave one."""

    def __init__(
        self, what: str, *, rejection: Rejection | None = None, remedy: str = "", board: str = ""
    ) -> None:
        super().__init__(what, remedy=remedy, board=board)
        self.rejection = rejection


class CorruptModel(ModelRejected):
    """The .tflite is truncated or damaged."""


class UnsupportedModel(ModelRejected):
    """An operator, a type, a shape or a schema version that the engine does not have."""


class ArenaTooSmall(ModelRejected):
    """The tensors do not fit the arena; `what` says by how much."""


class ModelTooBig(ModelRejected):
    """The .tflite does not fit the model slot."""


class ModelMismatch(ModelRejected):
    """The slot holds another model than the one under test."""


class StorageError(HilError):
    """A file or folder cannot be read or written: the disk is full, read-only, not there."""


class ConversionError(HilError):
    """Keras → TFLite failed; `what` names the cause."""


class LintFailed(HilError):
    """A check of the .tflite found what a board would refuse, hang on or get wrong."""


class ReferenceFailed(HilError):
    """A desktop reference could not be computed."""


class ComparisonError(HilError):
    """Two rungs of the ladder cannot be compared: shapes, scales, or a limit without a measure."""
