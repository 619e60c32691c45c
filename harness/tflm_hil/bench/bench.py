"""The bench of a run: one board with the firmware under test on it, kept in working order.

    with Bench(config, progress) as bench:
        device = bench.load(entry)         # flashed if need be
        for result in device.stream(requests): ...

`device()` hands out a device that has just answered, or raises why there is none. After a fault
or silence the bench looks for the cause (fault record, post-mortem over the probe), resets the
board, and the next caller gets a fresh one. A board that a reset does not cure is latched broken:
nobody waits for it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Self

from tflm_hil.bench import circumstances, forensics
from tflm_hil.bench.emulator_view import EmulatorView
from tflm_hil.bench.firmware import firmware_under_test
from tflm_hil.bench.stored_models import StoredModels
from tflm_hil.boards.latch import BrokenBoards
from tflm_hil.boards.provider import AcquiredBoard, acquire
from tflm_hil.errors import (
    BoardError,
    BoardLatchedBroken,
    ConfigurationError,
    DeviceReset,
    EmulatorError,
    FirmwareError,
    HilError,
    LinkError,
    ModelMismatch,
    ModelRejected,
    StorageError,
    TargetFault,
    WrongFirmware,
)
from tflm_hil.files import stored
from tflm_hil.firmware_build.build import FirmwareImage, addr2line
from tflm_hil.link.device import Device
from tflm_hil.link.messages import Hello
from tflm_hil.link.transport import SerialTransport
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.options import RunConfig
from tflm_hil.probe.clock_tree import ClockTree
from tflm_hil.probe.flash import FlashResult
from tflm_hil.report.records import (
    Circumstances,
    ErrorRecord,
    FlashPart,
    FlashRecord,
    Recovery,
    RecoveryRecord,
)
from tflm_hil.report.render.progress import Progress

FIRST_HELLO_TIMEOUT_S = 1.5  # a board without firmware answers nothing: do not wait long
_STALE_READS, _STALE_BYTES = 64, 65536  # a board that never stops is not waited for


class Bench:
    """See the module's docstring. Not thread-safe. Close it to give the board back."""

    def __init__(
        self,
        config: RunConfig,
        progress: Progress,
        *,
        latch: BrokenBoards | None = None,
        on_flash: Callable[[FlashRecord], None] = lambda _: None,
        mates: Callable[[str], Iterable[SlotEntry]] = lambda _: (),
        clear: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`mates(hash)`: the models that go to the slot together with the one of this hash;
        `clear(hash)` raises if that one must not be flashed.
        """
        self._config = config
        self._progress = progress
        self._latch = latch or BrokenBoards()
        self._on_flash = on_flash
        self._held = ExitStack()
        self._board: AcquiredBoard | None = None
        self._image: FirmwareImage | None = None
        self._transport: SerialTransport | None = None
        self._device: Device | None = None
        self._hello: Hello | None = None
        self._mates = mates
        self._clear = clear
        self._refused: dict[tuple[str, bytes, bool], ModelRejected] = {}
        self._obituary: HilError | None = None
        self._suspect = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back tty, probe lock and emulator."""
        self._hang_up()
        self._held.close()
        self._board = None

    def _hang_up(self) -> None:
        """Close the tty; a device that still answers goes back to the baud rate it starts with."""
        if self._device is not None and self._latch.reason(self._config.board) is None:
            self._device.close()
        elif self._transport is not None:
            self._transport.close()
        self._device = self._transport = None

    # --- what callers use --------------------------------------------------------------------

    @property
    def board(self) -> AcquiredBoard:
        """The board, acquired on first use. Raises BoardError or ConfigurationError."""
        if self._board is None:
            self._latch.check(self._config.board)
            try:
                with stored():
                    self._board = self._held.enter_context(
                        acquire(self._config.board, self._config.overrides)
                    )
            except (BoardError, ConfigurationError, StorageError) as error:
                raise self._give_up(error) from error
        return self._board

    @cached_property
    def _stored(self) -> StoredModels:
        return StoredModels(self.board.spec.flash.slot_bytes, self._mates)

    @property
    def emulator(self) -> EmulatorView:
        """What an emulated board tells about itself; silent on a real one."""
        return EmulatorView(self.board)

    def findings(self) -> tuple[str, ...]:
        """What the strict emulator has found; nothing if no board was reached."""
        return () if self._board is None else self.emulator.findings()

    @property
    def is_up(self) -> bool:
        """Whether a device has answered on this bench."""
        return self._hello is not None

    @property
    def image(self) -> FirmwareImage:
        """The firmware under test, built on first use. Raises FirmwareError."""
        if self._image is None:
            self._latch.check(self._config.board)
            try:
                self._image = firmware_under_test(self._config, self._config.spec, self._progress)
            except (FirmwareError, ConfigurationError, StorageError) as error:
                raise self._give_up(error) from error
        return self._image

    @property
    def hello(self) -> Hello:
        """What the device said about itself when it was last asked."""
        if self._hello is None:
            self.device()
        assert self._hello is not None
        return self._hello

    def device(self) -> Device:
        """The device, answering, with the firmware under test.

        Raises BoardLatchedBroken at once if the board was found broken before.
        """
        self._latch.check(self._config.board)
        try:
            if self._device is None:
                return self._bring_up()
            return self._confirm()
        except BoardLatchedBroken:
            raise
        except (LinkError, BoardError, FirmwareError, ConfigurationError) as error:
            # What fails for one test fails for all, an image that does not compile among it.
            raise self._give_up(error) from error

    def load(self, entry: SlotEntry, *, preserve_all: bool = False) -> Device:
        """The device with `entry` as its current model; flashed first if the slot lacks it.

        Raises ModelRejected, and what `store` and `device` raise. A model that the engine refused
        it refuses again: that is the same error, and the device is not asked.
        """
        asked = (entry.hash, entry.aux, preserve_all)
        if asked in self._refused:
            raise self._refused[asked].with_traceback(None)
        self.store([entry])
        try:
            return self._load(entry, preserve_all=preserve_all)
        except ModelRejected as error:
            if error.rejection is not None and error.rejection.by_engine:
                self._refused[asked] = error
            raise

    def _load(self, entry: SlotEntry, *, preserve_all: bool) -> Device:
        device = self.device()
        try:
            device.load(entry.hash, preserve_all=preserve_all)
        except ModelMismatch:
            # Somebody else emptied the slot since; once is believable.
            self._stored.forget()
            self.store([entry])
            device = self.device()
            device.load(entry.hash, preserve_all=preserve_all)
        return device

    def store(self, entries: Iterable[SlotEntry]) -> None:
        """Bring models into the slot, all missing ones in one probe session.

        Raises ModelTooBig, FlashError, ModelMismatch if flashing was forbidden, and what `clear`
        raises.
        """
        entries = list(entries)
        for entry in entries:
            self._clear(entry.hash)
        missing = self._stored.missing(entries)
        if not missing:
            return
        device = self.device()
        if self._config.no_flash:
            for entry in missing:
                device.load(entry.hash)
            self._stored.add(missing)
            return
        wanted = self._stored.along_with(missing)
        result = self.board.probe.store_models(wanted)
        self._note_flash(FlashPart.MODELS, result)
        self._stored.add(wanted, erased=result.erased_sectors > 0)
        self._restart()

    def start_over(self) -> Device:
        """Forget what is known of the board and begin as a new run would."""
        self._hang_up()
        self._stored.forget()
        self._refused.clear()
        return self.device()

    @contextmanager
    def patience(self, timeout_s: float) -> Iterator[None]:
        """Wait at most `timeout_s` for a silent device while inside; a device must be up."""
        assert self._transport is not None
        patient = self._device
        self._device = self._new_device(timeout_s)
        try:
            yield
        finally:
            self._device = patient
            self._suspect = True

    def recover(self) -> RecoveryRecord:
        """After `examine`: bring the board back if the error was one of the board."""
        if not self._suspect or self._device is None:
            return RecoveryRecord()
        try:
            self._latch.check(self._config.board)
            self._restart()
        except HilError as error:
            self._give_up(error)
            why = error.cause if isinstance(error, BoardLatchedBroken) else error
            return RecoveryRecord(Recovery.GIVEN_UP, why.what)
        return RecoveryRecord(Recovery.ANSWERS)

    def examine(self, error: HilError) -> ErrorRecord:
        """What `error` was about, with forensics: fault record or post-mortem, source lines."""
        error = self.explain(error)
        if isinstance(error, TargetFault | LinkError | DeviceReset):
            self._suspect = True
        return forensics.examine(error, self._source_line, self._post_mortem)

    def explain(self, error: HilError) -> HilError:
        """`error`, or the EmulatorError behind it if the emulated board is gone."""
        if self._board is None or not isinstance(error, LinkError | BoardError | DeviceReset):
            return error
        if isinstance(error, BoardLatchedBroken):
            return error
        self._obituary = self._obituary or self.emulator.obituary()
        if self._obituary is None and isinstance(error, EmulatorError):
            self._obituary = error  # its time has ended or stands still: nothing cures that
        if self._obituary is None:
            return error
        self._latch.mark(self._config.board, self._obituary)
        return self._obituary

    def circumstances(self) -> Circumstances:
        """What the run's numbers are true under. The device must have answered once."""
        board = self.board
        assert self._transport is not None
        return circumstances.collect(
            board.spec,
            self.image,
            self.hello,
            probe_uid=board.probe_uid,
            tty=board.tty,
            baud=self._transport.baud,
            cycle_model=self.emulator.cycle_model(),
            tree=self._clock_tree,
        )

    @cached_property
    def _clock_tree(self) -> ClockTree | None:
        """Read once: the firmware sets it up at its start and not again."""
        try:
            return self.board.probe.clock_tree()
        except HilError:
            return None  # a missing line in the report is no reason to lose a measurement

    # --- bringing up -------------------------------------------------------------------------

    def _bring_up(self) -> Device:
        image, board = self.image, self.board
        self._transport = SerialTransport(board.tty, board.spec.initial_baud, clock=board.clock)
        self._device = self._new_device(board.spec.reply_timeout_s)
        running = self._who_is_there()
        if running == image.build_id:
            self._note_flash(FlashPart.FIRMWARE, None)
        elif self._config.no_flash:
            raise WrongFirmware(
                f"the board runs build {running or '(no answer)'}, under test is {image.build_id}",
                remedy="leave out --hil-no-flash to have it flashed",
                board=board.spec.id,
            )
        else:
            self._progress.say(f"flashing firmware {image.build_id[:12]} to {board.spec.id}")
            self._note_flash(FlashPart.FIRMWARE, self.board.probe.flash_firmware(image.elf))
            # What the firmware before this one did is not what is under test.
            self.emulator.forget_findings()
        self._restart()
        return self._confirm()

    def _new_device(self, timeout_s: float) -> Device:
        assert self._transport is not None
        board = self.board
        return Device(self._transport, board=board.spec.id, timeout_s=timeout_s, clock=board.clock)

    def _who_is_there(self) -> str | None:
        """The build-id of what runs on the board; None if nothing answers."""
        assert self._device is not None
        try:
            return self._device.hello(timeout_s=FIRST_HELLO_TIMEOUT_S).build_id
        except LinkError:
            pass
        self.board.probe.reset()
        try:
            return self._device.hello(timeout_s=FIRST_HELLO_TIMEOUT_S).build_id
        except LinkError:
            return None

    def _restart(self) -> None:
        """Reset through the probe (the tty is open), greet, and go to the working baud rate."""
        assert self._device is not None
        assert self._transport is not None
        self.board.probe.reset()
        self._forget_what_came()
        self._transport.baud = self.board.spec.initial_baud
        self._hello = self._device.hello()
        self._check_identity(self._hello)
        self._raise_baud()
        self._suspect = False

    def _forget_what_came(self) -> None:
        """Frames that the firmware before the reset has sent say nothing of the one behind it."""
        assert self._transport is not None
        for _ in range(_STALE_READS):
            if not self._transport.read(_STALE_BYTES, 0.0):
                return

    def _raise_baud(self) -> None:
        """To the working baud rate; also after a HELLO that was answered late, at the first one."""
        assert self._device is not None
        wanted = self.board.spec.baud
        reached = self._device.set_baud(wanted)
        if reached != wanted:
            self._progress.say(
                f"{self._config.board} stays at {reached:,} baud: {wanted:,} did not work"
            )

    def _confirm(self) -> Device:
        """The board answers and is what it was; else reset it, once."""
        assert self._device is not None
        if not self._suspect:
            try:
                self._hello = self._device.hello()
                self._check_identity(self._hello)
                self._raise_baud()
                return self._device
            except LinkError:
                self._suspect = True
        self._restart()
        return self._device

    def _check_identity(self, hello: Hello) -> None:
        if hello.build_id != self.image.build_id:
            raise WrongFirmware(
                f"the board answers with build {hello.build_id or '(none)'} after build "
                f"{self.image.build_id} was flashed",
                remedy="check that tty and probe belong to the same board (`hil boards`)",
                board=self._config.board,
            )

    def _give_up(self, error: HilError) -> HilError:
        """Nothing more to try: latch the board."""
        error = self.explain(error)
        self._latch.mark(self._config.board, error)
        return error

    # --- helpers -----------------------------------------------------------------------------

    def _note_flash(self, what: FlashPart, result: FlashResult | None) -> None:
        if result is None:
            self._on_flash(FlashRecord(what, 0, 0, 0.0))
        else:
            self._on_flash(FlashRecord(what, result.bytes, result.erased_sectors, result.seconds))

    def _source_line(self, address: int) -> str:
        return addr2line(self.image.elf, address)

    def _post_mortem(self) -> tuple[str, ...]:
        """Where the silent core stands. Never raises: it only adds to another error."""
        if self._device is None:
            return ()
        try:
            return tuple(str(self.board.probe.post_mortem(self._source_line)).splitlines())
        except HilError as error:
            return (f"no post-mortem: {error.what}",)
