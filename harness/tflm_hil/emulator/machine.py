"""The emulated STM32F746ZG: core, memories, peripherals and virtual time in one.

    machine = Machine(board, line)   # a HostLine: what hangs on the serial console
    machine.start()                  # the run thread; the core starts from its reset vector
    with machine.paused():           # any thread: the core stands still in here
        machine.debugger.read(0x20000000, 4)

Every other thread that wants to touch anything takes `paused()`. The host's line takes no lock: it
wakes the run thread, which fetches what there is.

Time: `cycles` counts one cycle per executed instruction, plus jumps while the core sleeps or the
flash makes it wait. A sleeping core with nothing scheduled stands still in virtual time and costs
no processor time.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import unicorn
from unicorn import arm_const
from unicorn import unicorn_const as uc

from tflm_hil.emulator import peripherals
from tflm_hil.emulator.bus import Event, Peripheral, ResetObserver, ResetReason
from tflm_hil.emulator.cortex_m7.core import Core
from tflm_hil.emulator.cortex_m7.debug import DFSR_DWTTRAP, DFSR_HALTED
from tflm_hil.emulator.debug_access import DebugAccess
from tflm_hil.emulator.findings import Findings
from tflm_hil.emulator.flash_rules import report_flash_findings, take_changed_range
from tflm_hil.emulator.host_line import HostLine, Unplugged
from tflm_hil.emulator.idle_pace import IdlePace
from tflm_hil.emulator.io_router import IoRouter
from tflm_hil.emulator.memory import FLASH_AXI, FLASH_ITCM, Memory, erased_flash
from tflm_hil.emulator.native.library import FOREVER, NO_BLOCK, Helper
from tflm_hil.emulator.peripherals import UartPort
from tflm_hil.emulator.run_thread import RunThread
from tflm_hil.emulator.scheduler import Scheduler
from tflm_hil.emulator.virtual_clock import VirtualClock
from tflm_hil.emulator.wiring import EmulatedBoard

CYCLE_MODEL = "insn-count-1"
_HSI_HZ = 16_000_000
_POLL_LIMIT = 200  # reads without news after which polling firmware is put to sleep
_POLL_NAP_S = 0.002


class Machine:
    """One emulated chip on its board; a `tflm_hil.emulator.bus.Bus` to its peripherals."""

    def __init__(
        self,
        board: EmulatedBoard,
        line: HostLine | None = None,
        *,
        flash: mmap.mmap | None = None,
        unique_id: bytes = b"EMU",
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        """`line` is the host at the console, if there is one; `flash` lasts (None: a blank one).

        `on_failure` is called on the run thread when the emulator itself fails: `failure` is set
        then. Raises EmulatorError for a board that cannot be.
        """
        engine = unicorn.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
        engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        self.memory = Memory(engine, flash or erased_flash(), unique_id)
        self._helper = Helper(engine, self.memory.host_addresses[FLASH_AXI])
        self._state = self._helper.state
        for region in self.memory.regions:
            host = self.memory.host_addresses[region.base]
            self._helper.add_code_region(region.base, region.length, host)

        self.console = UartPort(line or Unplugged())
        self.findings = Findings()
        self._scheduler = Scheduler()
        self._clock = VirtualClock(_HSI_HZ)
        self.sleep_cycles = 0
        self._gated_cycles = 0
        self._reset_wanted: ResetReason | None = None
        self._held_in_reset = False
        self._idle_pace = IdlePace(self.console)
        self._thread = RunThread(self._advance, self._set_stop, on_failure)

        self.core = Core(engine, self._helper, self.memory, self)
        self._state.poll_limit = _POLL_LIMIT
        self._state.core_hz = _HSI_HZ
        self._peripherals: list[Peripheral] = peripherals.build(self, board, self.console)
        self._io = IoRouter(
            self._helper,
            self.core,
            self._peripherals,
            finding=self.finding,
            failed=self._thread.give_up,
        )
        self.debugger = DebugAccess(
            self.memory,
            self._io,
            self.core,
            self._helper,
            store=self.write_memory,
            written=self._reset_if_wanted,
        )
        self._reset(ResetReason.POWER_ON)
        if line is not None:
            line.connect(self._thread.interrupt)

    # --- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Let the core run, on a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop the run thread. A core that still runs when Python exits would crash it."""
        self._thread.close()

    @property
    def failure(self) -> BaseException | None:
        """What the run thread died of: an error of the emulator itself."""
        return self._thread.failure

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold the core at a block boundary."""
        try:
            with self._thread.paused():
                yield
        finally:
            if not self.core.debug.halted:
                self._thread.wake()

    @property
    def virtual_s(self) -> float:
        """Virtual time since power-on [s]; from any thread."""
        return self._clock.seconds(self.cycles)

    @property
    def idle(self) -> bool:
        """Nothing goes on unless something comes from outside; from any thread."""
        return self._thread.waiting

    def wake(self) -> None:
        """Something changed that an idle run thread must look at."""
        self._thread.wake()

    def _set_stop(self, wanted: bool) -> None:
        self._state.stop = wanted

    # --- Bus --------------------------------------------------------------------------------

    @property
    def cycles(self) -> int:
        """Core cycles since power-on."""
        return int(self._state.cycles)

    @property
    def clocked_cycles(self) -> int:
        """Without the cycles in which the core's clock was gated."""
        return self.cycles - self._gated_cycles

    def schedule(self, at_cycles: int, callback: Callable[[], None]) -> Event:
        """Run `callback` at `at_cycles`."""
        event = self._scheduler.schedule(at_cycles, callback)
        self._set_deadline()
        return event

    def set_irq(self, number: int, level: bool) -> None:
        """Drive an interrupt line."""
        self.core.nvic.set_line(number, level)

    def read_memory(self, address: int, length: int) -> bytes:
        """Read as a bus master."""
        return self.memory.read(address, length)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write as a bus master."""
        self.memory.write(address, data)
        self.code_changed(address, len(data))

    def cacheable(self, address: int) -> bool:
        """True if the D-cache is on and may hold `address`."""
        return self.core.mpu.cacheable(address, dcache_on=self.dcache_enabled)

    def finding(self, rule: str, sentence: str) -> None:
        """Record what would fail on silicon; what a debugger does is not the firmware's fault."""
        if not self._io.debugger_access:
            self.findings.add(rule, sentence, self._pc_of_access())

    def _pc_of_access(self) -> int:
        """The start of the block that runs: Unicorn does not tell more during an access."""
        block = int(self._state.block)
        return self.core.registers.pc if block == NO_BLOCK else block & 0xFFFFFFFF

    @property
    def dcache_enabled(self) -> bool:
        """SCB CCR.DC."""
        return self.core.scb.dcache_enabled

    @property
    def core_sleeping(self) -> bool:
        """The core waits in WFI or WFE."""
        return self.core.cpu.sleeping

    @property
    def flash_wait_states(self) -> int:
        """FLASH_ACR.LATENCY."""
        return self._state.flash_acr & 0xF

    def core_clock_changed(self, hclk_hz: int) -> None:
        """The core's clock from now on."""
        self._clock.set_frequency(hclk_hz, self.cycles)
        self._state.core_hz = hclk_hz

    def request_reset(self, reason: ResetReason) -> None:
        """Reset the chip after the current block."""
        self._reset_wanted = reason
        self._thread.interrupt()

    def code_changed(self, address: int, length: int) -> None:
        """Memory was written from outside the core: forget what was translated from it."""
        if self._helper.has_code(address, length):
            self.core.retranslate(address, length)

    # --- pins; the caller holds `paused()` -------------------------------------------------

    def set_reset_line(self, asserted: bool) -> None:
        """NRST: hold the chip in reset, or let it start."""
        released = self._held_in_reset and not asserted
        self._held_in_reset = asserted
        if released:
            self._reset(ResetReason.PIN)
        self._thread.wake()

    # --- running ----------------------------------------------------------------------------

    def _advance(self) -> float | None:
        """Go on until something has to be decided.

        Returns how long there is nothing to do [s], as `RunThread` wants it.
        """
        core = self.core
        self.console.collect()
        self._reset_if_wanted()
        core.mirror_state()
        if self._held_in_reset or core.debug.halted or core.exceptions.locked_up:
            return None
        self._scheduler.run_due(self.cycles)
        self._set_deadline()
        if core.cpu.sleeping:
            if not core.wakes():
                return self._sleep()
            core.cpu.sleeping = core.cpu.waiting_for_event = False
        core.apply_protection()
        if core.debug.step_wanted:
            self._step()
        elif core.debug.interrupts_masked or not core.exceptions.take_pending():
            core.cpu.run()
        nap_s = self._after_run()
        core.mirror_state()
        return nap_s

    def _step(self) -> None:
        core = self.core
        core.debug.step_wanted = False
        if core.debug.interrupts_masked or not core.exceptions.take_pending():
            core.cpu.step()
        if not core.debug.halted:
            core.debug.halt(DFSR_HALTED)

    def _after_run(self) -> float:
        state, core = self._state, self.core
        if core.exceptions.sleep_on_exit:
            core.exceptions.sleep_on_exit = False
            core.cpu.sleeping = True
        if state.flash_findings:
            report_flash_findings(state, self.findings)
        if state.flash_dirty_high:
            offset, length = take_changed_range(state)
            for base in (FLASH_AXI, FLASH_ITCM):
                self.code_changed(base + offset, length)
        if state.watch_hit:
            core.dwt.matched(state.watch_hit - 1)
            state.watch_hit = 0
            if core.debug.enabled and not core.debug.halted:
                core.debug.halt(DFSR_DWTTRAP)
        if state.polling:
            state.polling = 0
            nothing_to_come = self._scheduler.next_cycles() is None and self.console.idle
            return _POLL_NAP_S if nothing_to_come else 0
        return 0

    def _sleep(self) -> float | None:
        """Jump to the next event, if there is one."""
        due = self._scheduler.next_cycles()
        if due is None:
            return None
        jump = max(0, due - self.cycles)
        self._state.cycles += jump
        self.sleep_cycles += jump
        if not self.core.dbgmcu.clocks_sleep:
            self._gated_cycles += jump
        return self._idle_pace.nap_s(jump / self._clock.hz)

    def _set_deadline(self) -> None:
        due = self._scheduler.next_cycles()
        self._state.deadline = FOREVER if due is None else due

    def _reset_if_wanted(self) -> None:
        if self._reset_wanted is not None:
            self._reset(self._reset_wanted)

    def _reset(self, reason: ResetReason) -> None:
        self._reset_wanted = None
        self._helper.flash_reset()
        self.core.reset()
        for peripheral in self._peripherals:
            if isinstance(peripheral, ResetObserver):
                peripheral.note_reset(reason)
            peripheral.reset()

    # --- report -----------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        """For `{"get": "state"}`; the caller holds `paused()`."""
        counters = self.console.counters
        cycles = self.cycles
        return {
            "cycle_model": CYCLE_MODEL,
            "cycles": cycles,
            "instructions": cycles - self.sleep_cycles - int(self._state.stall_cycles),
            "sleep_cycles": self.sleep_cycles,
            "flash_stall_cycles": int(self._state.stall_cycles),
            "virtual_seconds": self.virtual_s,
            "core_clock_hz": self._clock.hz,
            "halted": self.core.debug.halted,
            "sleeping": self.core.cpu.sleeping,
            "locked_up": self.core.exceptions.locked_up,
            "pc": self.core.registers.pc,
            "uart": {**vars(counters), "waiting_in": self.console.waiting_in},
            "findings": self.findings.as_json(),
        }
