"""Loads the C helper and gives it a Python face.

The helper finds Unicorn's functions in the library that the `unicorn` package has loaded, so that
library is opened for everybody (RTLD_GLOBAL) first.
"""

from __future__ import annotations

import ctypes
import importlib.util
import weakref
from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import Any

import unicorn.unicorn_py3.unicorn as unicorn_binding

from tflm_hil.errors import EmulatorError

FOREVER = 2**64 - 1
NO_BLOCK = 2**64 - 1


class Reason(IntEnum):
    """Why the native side stopped the core."""

    NONE = 0
    STOP = 1
    DEADLINE = 2
    BREAKPOINT = 3
    INTERRUPT = 4
    FPU_OFF = 5
    DIRTY = 6
    RETRANSLATE = 7
    DIVISION = 8


class Check(IntFlag):
    """What the block hook looks at."""

    INTERRUPT = 1
    FPU_OFF = 2
    DIRTY = 4
    STEPPING = 8


class FlashFinding(IntEnum):
    """What a flash access did wrong."""

    WRITE_LOCKED = 0
    WRITE_NOT_PG = 1
    WRITE_SIZE = 2
    NOT_ERASED = 3
    CONTROL_LOCKED = 4
    WRONG_KEY = 5
    OPTION_BYTES = 6


IoRead = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32)
IoWrite = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32)


class State(ctypes.Structure):
    """`state_t` of state.h; the comments are there."""

    stop: int
    checks: int
    cycles: int
    deadline: int
    block: int
    stall_cycles: int
    reason: int
    detail: int
    irq_priority: int
    event: int
    io_fault: int
    io_fault_address: int
    watch_hit: int
    watch_address: int
    poll_limit: int
    polling: int
    core_hz: int
    flash_acr: int
    flash_cr: int
    flash_sr: int
    flash_dirty_low: int
    flash_dirty_high: int
    flash_findings: int
    flash_finding_pc: ctypes.Array[ctypes.c_uint32]
    flash_finding_address: ctypes.Array[ctypes.c_uint32]
    flash_busy_until: int

    _fields_ = (
        ("stop", ctypes.c_uint32),
        ("checks", ctypes.c_uint32),
        ("cycles", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("block", ctypes.c_uint64),
        ("stall_cycles", ctypes.c_uint64),
        ("reason", ctypes.c_uint32),
        ("detail", ctypes.c_uint32),
        ("irq_priority", ctypes.c_uint32),
        ("event", ctypes.c_uint32),
        ("io_fault", ctypes.c_uint32),
        ("io_fault_address", ctypes.c_uint32),
        ("watch_hit", ctypes.c_uint32),
        ("watch_address", ctypes.c_uint32),
        ("poll_limit", ctypes.c_uint32),
        ("polling", ctypes.c_uint32),
        ("core_hz", ctypes.c_uint32),
        ("flash_acr", ctypes.c_uint32),
        ("flash_cr", ctypes.c_uint32),
        ("flash_sr", ctypes.c_uint32),
        ("flash_dirty_low", ctypes.c_uint32),
        ("flash_dirty_high", ctypes.c_uint32),
        ("flash_findings", ctypes.c_uint32),
        ("flash_finding_pc", ctypes.c_uint32 * len(FlashFinding)),
        ("flash_finding_address", ctypes.c_uint32 * len(FlashFinding)),
        ("flash_busy_until", ctypes.c_uint64),
        ("io_read", IoRead),
        ("io_write", IoWrite),
        ("flash", ctypes.c_void_p),
    )


def _load() -> ctypes.CDLL:
    helper = importlib.util.find_spec("tflm_hil.emulator.native._helper")
    if helper is None or helper.origin is None:
        raise EmulatorError(
            "the emulator's C helper is not built",
            remedy="install the package (`pip install -e .`), or run "
            "`python setup.py build_ext --inplace` in its source tree",
        )
    ctypes.CDLL(unicorn_binding.uclib._name, mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(helper.origin)
    pointer, u32 = ctypes.c_void_p, ctypes.c_uint32
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "hil_new": (pointer, [pointer, pointer]),
        "hil_delete": (None, [pointer]),
        "hil_forget_blocks": (None, [pointer]),
        "hil_has_code": (ctypes.c_bool, [pointer, u32, u32]),
        "hil_flash_reset": (None, [pointer]),
        "hil_add_region": (ctypes.c_bool, [pointer, u32, u32, pointer]),
        "hil_map_io": (ctypes.c_bool, [pointer, u32, u32]),
        "hil_add_breakpoint": (ctypes.c_size_t, [pointer, u32]),
        "hil_delete_breakpoint": (None, [pointer, ctypes.c_size_t]),
        "hil_add_watchpoint": (
            pointer,
            [pointer, u32, ctypes.c_int, u32, u32, ctypes.POINTER(ctypes.c_size_t)],
        ),
        "hil_delete_watchpoint": (None, [pointer, pointer, ctypes.c_size_t]),
        "hil_flash_read": (u32, [pointer, u32]),
        "hil_flash_write": (None, [pointer, u32, u32]),
        "hil_flash_store": (None, [pointer, u32, u32, u32]),
        "hil_settle": (None, [pointer, u32]),
        "hil_trap_division": (None, [pointer, ctypes.c_bool]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Helper:
    """The native side of one machine. `state` is shared memory."""

    def __init__(self, engine: Any, flash_address: int) -> None:
        self._library = _load()
        self._engine = engine
        self._machine = self._library.hil_new(engine._uch, flash_address)
        if not self._machine:
            raise EmulatorError("Unicorn refused the emulator's hooks")
        weakref.finalize(self, self._library.hil_delete, self._machine)
        self.state = State.from_address(self._machine)
        self._watchpoints: list[tuple[int, int]] = []

    def connect_io(
        self, read: Callable[[int, int], int], write: Callable[[int, int, int], None]
    ) -> None:
        """Where I/O goes: `read(address, width)` and `write(address, width, value)`."""
        self._read, self._write = IoRead(read), IoWrite(write)  # must outlive the machine
        self.state.io_read, self.state.io_write = self._read, self._write

    def add_code_region(self, base: int, length: int, host_address: int) -> None:
        """Make code at `base` readable to the instruction counter."""
        if not self._library.hil_add_region(self._machine, base, length, host_address):
            raise EmulatorError("too many memory regions for the C helper")

    def map_io(self, base: int, length: int) -> None:
        """Route accesses to this range (4 KB aligned) to `connect_io`'s functions."""
        if not self._library.hil_map_io(self._machine, base, length):
            raise EmulatorError(f"cannot map I/O at {base:#010x}")

    def forget_blocks(self) -> None:
        """Code in memory changed: count its instructions anew."""
        self._library.hil_forget_blocks(self._machine)

    def has_code(self, address: int, length: int) -> bool:
        """Code may have been executed from these bytes."""
        return bool(self._library.hil_has_code(self._machine, address, length))

    def settle(self, pc: int) -> None:
        """The core stopped at `pc`: correct the cycle count to what was executed."""
        self._library.hil_settle(self._machine, pc)

    def trap_division(self, on: bool) -> None:
        """CCR.DIV_0_TRP: stop before a division by zero, or let it give 0."""
        self._library.hil_trap_division(self._machine, on)

    # --- breakpoints and watchpoints --------------------------------------------------------

    def add_breakpoint(self, address: int) -> int:
        """Stop before the instruction at `address`; returns a handle."""
        return int(self._library.hil_add_breakpoint(self._machine, address))

    def delete_breakpoint(self, handle: int) -> None:
        """Undo `add_breakpoint`."""
        # Not Unicorn's own hook_del: that one only knows hooks added through Python.
        self._library.hil_delete_breakpoint(self._machine, handle)

    def set_watchpoints(self, watchpoints: list[tuple[int, int, int, int]]) -> None:
        """Replace all watchpoints: (comparator number, Unicorn hook type, first, last address)."""
        for watch, hook in self._watchpoints:
            self._library.hil_delete_watchpoint(self._machine, watch, hook)
        self._watchpoints.clear()
        for number, kind, first, last in watchpoints:
            handle = ctypes.c_size_t()
            watch = self._library.hil_add_watchpoint(
                self._machine, number, kind, first, last, ctypes.byref(handle)
            )
            if not watch:
                raise EmulatorError(f"Unicorn refused a watchpoint at {first:#010x}")
            self._watchpoints.append((watch, handle.value))

    # --- flash ------------------------------------------------------------------------------

    def flash_reset(self) -> None:
        """FLASH registers to their reset values."""
        self._library.hil_flash_reset(self._machine)

    def flash_read(self, offset: int) -> int:
        """A FLASH register."""
        return int(self._library.hil_flash_read(self._machine, offset))

    def flash_write(self, offset: int, value: int) -> None:
        """Write a FLASH register."""
        self._library.hil_flash_write(self._machine, offset, value)

    def flash_store(self, offset: int, width: int, value: int) -> None:
        """Store to the flash array, as the FLASH registers allow it."""
        self._library.hil_flash_store(self._machine, offset, width, value)
