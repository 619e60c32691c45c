"""What the harness does with a debug probe, on a real ST-LINK and an emulated board alike.

    probe = Probe(settings)        # which probe, chip and flash layout: of the board file
    probe.flash_firmware(elf)      # each call is a session of its own: connect, do, close
    probe.store_models(entries)

or several in one session:

    with probe.connected("attach"):
        probe.halt()
        probe.read_registers()

Nothing connects, or imports pyOCD, before the first call. Any call may raise ProbeNotFound,
ProbeBusy, TargetUnreachable or EmulatorError.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tflm_hil.models.slot.slot import Directory, SlotEntry
from tflm_hil.probe import flash
from tflm_hil.probe.clock_tree import ClockTree
from tflm_hil.probe.flash import FlashResult
from tflm_hil.probe.flash_layout import FlashLayout
from tflm_hil.probe.post_mortem import REGISTERS, Addr2Line, PostMortem, collect
from tflm_hil.probe.session import Mode, ProbeSettings, in_our_terms, open_session


class Probe:
    """A board's debug probe."""

    def __init__(self, settings: ProbeSettings) -> None:
        self._settings = settings
        self._session: Any = None

    @property
    def uid(self) -> str:
        """Serial number of the probe."""
        return self._settings.uid

    @contextmanager
    def connected(self, mode: Mode | None = None) -> Iterator[None]:
        """Keep one session for all calls inside; the core runs again afterwards.

        `mode`: "attach" looks at the board as it runs, "halt" stops it first, "under-reset" resets
        it into a halt. Default is the board's `probe.connect_mode`.
        """
        with open_session(self._settings, mode) as session:
            self._session = session
            try:
                yield
            finally:
                self._session = None

    # --- flash: these reset the board and leave it running from its reset vector -------------

    def flash_firmware(self, elf: Path) -> FlashResult:
        """Program what differs of an ELF, verify, reset. Raises FlashError, FirmwareTooBig."""
        return self._flash(lambda session, layout: flash.program_firmware(session, layout, elf))

    def store_models(self, entries: Sequence[SlotEntry]) -> FlashResult:
        """Append the models that the slot lacks (erasing it if need be), verify, reset.

        Raises FlashError, and ModelTooBig when they do not fit even an erased slot.
        """
        return self._flash(lambda session, layout: flash.store_models(session, layout, entries))

    def erase_slot(self) -> FlashResult:
        """Erase the model slot, reset."""
        return self._flash(flash.erase_slot)

    def reset(self) -> None:
        """Reset the board and let it run. Open the tty first, or its first words are lost."""
        with self._in_reset():
            pass

    # --- a look, with the board running --------------------------------------------------------

    def slot_directory(self, *, check_models: bool = False) -> Directory:
        """The models in the slot; with `check_models` their contents are checked as well."""
        with self._attached() as session:
            return flash.slot_directory(session, self._settings.flash, check_models=check_models)

    def read_memory(self, address: int, length: int) -> bytes:
        """Memory as the debugger sees it, also while the core runs."""
        with self._attached() as session:
            return flash.read_bytes(session, address, length)

    def clock_tree(self) -> ClockTree:
        """Where the core clock comes from, as the registers say."""
        with self._attached() as session:
            tree: ClockTree = session.target.clock_tree()
        return tree

    def write_memory(self, address: int, data: bytes) -> None:
        """RAM or registers, also while the core runs; flash needs `flash_firmware`."""
        with self._attached() as session:
            session.target.write_memory_block8(address, data)
            session.target.flush()

    def post_mortem(self, addr2line: Addr2Line | None = None) -> PostMortem:
        """Halt a hung or faulted board without a reset and read what it can tell."""
        with self._attached() as session:
            return collect(session, addr2line)

    # --- run control: only inside `connected()`, since a closing session resumes the core --------

    def halt(self) -> None:
        """Stop the core."""
        with in_our_terms(self._settings):
            self._open_session().target.halt()

    def resume(self) -> None:
        """Let the core run."""
        with in_our_terms(self._settings):
            self._open_session().target.resume()

    def is_halted(self) -> bool:
        """Whether the core stands still."""
        with in_our_terms(self._settings):
            return bool(self._open_session().target.is_halted())

    def read_registers(self) -> dict[str, int]:
        """Core registers of the halted core: r0..r12, sp, lr, pc, xpsr, msp, psp."""
        with in_our_terms(self._settings):
            target = self._open_session().target
            values = target.read_core_registers_raw(list(REGISTERS))
        return {name: value & 0xFFFFFFFF for name, value in zip(REGISTERS, values, strict=True)}

    # --- sessions --------------------------------------------------------------------------------

    def _open_session(self) -> Any:
        if self._session is None:
            raise RuntimeError("run control needs `with probe.connected():` around it")
        return self._session

    def _flash(self, work: Callable[[Any, FlashLayout], FlashResult]) -> FlashResult:
        began = time.perf_counter()
        with self._in_reset() as session:
            result = work(session, self._settings.flash)
        return replace(result, connect_seconds=time.perf_counter() - began - result.seconds)

    @contextmanager
    def _attached(self) -> Iterator[Any]:
        """The board as it runs, or the session that is open already."""
        with ExitStack() as stack:
            session = self._session or stack.enter_context(open_session(self._settings, "attach"))
            with in_our_terms(self._settings):
                yield session

    @contextmanager
    def _in_reset(self) -> Iterator[Any]:
        """The core halted at its reset vector; afterwards reset again, and running."""
        with ExitStack() as stack:
            session = self._session or stack.enter_context(open_session(self._settings))
            with in_our_terms(self._settings):
                if self._session is not None or self._settings.connect_mode != "under-reset":
                    session.target.reset_and_halt()
                yield session
                session.target.reset()
