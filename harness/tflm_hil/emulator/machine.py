"""The emulated STM32F746ZG: core, memories, peripherals and virtual time in one.

    machine = Machine(board, line)   # a HostLine: what hangs on the serial console
    machine.start()                  # the run thread; the core starts from its reset vector
    with machine.paused():           # any thread: the core stands still in here
        machine.debugger_read(0x20000000, 4)

One thread runs the core. Every other thread that wants to touch anything takes `paused()`, which
asks the core to stop at the next block and holds it. The host's line takes no lock: it wakes the
run thread, which fetches what there is.

Time: `cycles` counts one cycle per executed instruction, plus jumps while the core sleeps or the
flash makes it wait. A sleeping core with nothing scheduled stands still in virtual time and costs
no processor time.
"""

from __future__ import annotations

import mmap
import threading
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
from tflm_hil.emulator.findings import Findings
from tflm_hil.emulator.flash_rules import FLASH_RULES
from tflm_hil.emulator.host_line import HostLine, Unplugged
from tflm_hil.emulator.io_router import IoRouter
from tflm_hil.emulator.memory import FLASH_AXI, FLASH_ITCM, Memory, erased_flash
from tflm_hil.emulator.native.library import FOREVER, NO_BLOCK, Check, Helper
from tflm_hil.emulator.peripherals import UartPort
from tflm_hil.emulator.run_lock import RunLock
from tflm_hil.emulator.scheduler import Scheduler
from tflm_hil.emulator.virtual_clock import VirtualClock
from tflm_hil.emulator.wiring import EmulatedBoard

CYCLE_MODEL = "insn-count-1"
_HSI_HZ = 16_000_000
_POLL_LIMIT = 200  # reads without news after which polling firmware is put to sleep
_POLL_NAP_S = 0.002
# A board that only sleeps from tick to tick follows the wall clock after so many ticks.
_IDLE_TICKS = 100
_LONGEST_NAP_S = 0.05


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
        self._engine: Any = engine
        self.memory = Memory(engine, flash or erased_flash(), unique_id)
        self._helper = Helper(engine, self.memory.host_addresses[FLASH_AXI])
        self._state = self._helper.state
        for region in self.memory.regions:
            host = self.memory.host_addresses[region.base]
            self._helper.add_code_region(region.base, region.length, host)

        self.console = UartPort(line or Unplugged())
        self.findings = Findings()
        self.failure: BaseException | None = None
        self._on_failure = on_failure
        self._scheduler = Scheduler()
        self._clock = VirtualClock(_HSI_HZ)
        self.sleep_cycles = 0
        self._gated_cycles = 0
        self._reset_wanted: ResetReason | None = None
        self._held_in_reset = False
        self._idle_ticks = 0
        self._idle_mark = 0

        self._run_lock = RunLock(self._stop_core)
        self._wake = threading.Event()
        self._quit = False
        self._thread = threading.Thread(target=self._run, name="core", daemon=True)

        self.core = Core(engine, self._helper, self.memory, self)
        self._state.poll_limit = _POLL_LIMIT
        self._state.core_hz = _HSI_HZ
        self._peripherals: list[Peripheral] = peripherals.build(self, board, self.console)
        self._io = IoRouter(
            self._helper,
            self.core,
            self._peripherals,
            finding=self.finding,
            failed=self._give_up,
        )
        self._reset(ResetReason.POWER_ON)
        if line is not None:
            line.connect(self._host_has_sent)

    # --- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Let the core run, on a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop the run thread. A core that still runs when Python exits would crash it."""
        self._quit = True
        self._state.stop = 1
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold the core at a block boundary."""
        try:
            with self._run_lock.paused():
                yield
        finally:
            if not self.core.debug.halted:
                self._wake.set()

    def _give_up(self, error: Exception) -> None:
        self.failure = error
        self._quit = True
        self._state.stop = 1

    def _stop_core(self) -> None:
        self._state.stop = 1

    def _host_has_sent(self) -> None:
        self._state.stop = 1
        self._wake.set()

    def wake(self) -> None:
        """Something changed that an idle run thread must look at."""
        self._wake.set()

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
        self._state.stop = 1
        self._wake.set()

    def code_changed(self, address: int, length: int) -> None:
        """Memory was written from outside the core: forget what was translated from it."""
        if self._helper.has_code(address, length):
            self.core.retranslate(address, length)

    # --- what a debugger does; the caller holds `paused()` ----------------------------------

    def debugger_read(self, address: int, width: int) -> int:
        """Read 1, 2 or 4 bytes anywhere. Raises BusError."""
        region = self.memory.find(address, width)
        if region is not None:
            return int.from_bytes(self.memory.read(address, width), "little")
        with self._io.as_debugger():
            return self._io.read(address, width)

    def debugger_write(self, address: int, width: int, value: int) -> None:
        """Write 1, 2 or 4 bytes anywhere. Raises BusError."""
        region = self.memory.find(address, width)
        with self._io.as_debugger():
            if region is None:
                self._io.write(address, width, value)
            elif region.writable:
                self.write_memory(address, value.to_bytes(width, "little"))
            elif region.base in (FLASH_AXI, FLASH_ITCM):
                self._helper.flash_store(address - region.base, width, value)
        if self._reset_wanted is not None:
            self._reset(self._reset_wanted)

    def debugger_write_block(self, address: int, data: bytes) -> bool:
        """Write a block of RAM at once; False if it is not all RAM."""
        region = self.memory.find(address, len(data))
        if region is None or not region.writable:
            return False
        self.write_memory(address, data)
        return True

    def set_reset_line(self, asserted: bool) -> None:
        """NRST: hold the chip in reset, or let it start."""
        released = self._held_in_reset and not asserted
        self._held_in_reset = asserted
        if released:
            self._reset(ResetReason.PIN)
        self._wake.set()

    def erase_flash(self) -> None:
        """Make the whole flash blank, as from the factory."""
        self.memory.flash[:] = b"\xff" * len(self.memory.flash)
        self.core.retranslate(FLASH_AXI, len(self.memory.flash))
        self.core.retranslate(FLASH_ITCM, len(self.memory.flash))

    # --- running ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._run_until_closed()
        except Exception as error:
            self.failure = error
        if self.failure is not None:
            self._on_failure()

    def _run_until_closed(self) -> None:
        while not self._quit:
            self._wake.clear()
            with self._run_lock.running():
                self._state.stop = 0
                if self._is_wanted():  # came since the loop began, and its stop is lost
                    continue
                nap_s = self._advance()
            if nap_s is None:
                self._wake.wait()
            elif nap_s > 0:
                self._wake.wait(nap_s)

    def _is_wanted(self) -> bool:
        """Somebody wants the core to stand still, or the thread to end."""
        return self._run_lock.contended or self._quit

    def _advance(self) -> float | None:
        """Go on until something has to be decided.

        Returns how long the run thread may wait for `wake` [s]: 0 not at all, None for ever.
        """
        core = self.core
        self.console.collect()
        if self._reset_wanted is not None:
            self._reset(self._reset_wanted)
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
            self._report_flash_findings()
        if state.flash_dirty_high:
            self._flash_changed()
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

    def _report_flash_findings(self) -> None:
        state = self._state
        for kind, (rule, sentence) in FLASH_RULES.items():
            if state.flash_findings >> kind & 1:
                sentence = sentence.format(address=state.flash_finding_address[kind])
                self.findings.add(rule, sentence, state.flash_finding_pc[kind])
        state.flash_findings = 0

    def _flash_changed(self) -> None:
        state = self._state
        low, length = state.flash_dirty_low, state.flash_dirty_high - state.flash_dirty_low
        state.flash_dirty_low, state.flash_dirty_high = 0xFFFFFFFF, 0
        state.checks &= ~Check.DIRTY
        for base in (FLASH_AXI, FLASH_ITCM):
            self.code_changed(base + low, length)

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
        return self._idle_nap(jump)

    def _idle_nap(self, jump: int) -> float:
        counters = self.console.counters
        mark = counters.bytes_in + counters.bytes_out
        if mark != self._idle_mark or not self.console.idle:
            self._idle_mark, self._idle_ticks = mark, 0
        self._idle_ticks += 1
        if self._idle_ticks < _IDLE_TICKS:
            return 0
        return min(jump / self._clock.hz, _LONGEST_NAP_S)

    def _set_deadline(self) -> None:
        due = self._scheduler.next_cycles()
        self._state.deadline = FOREVER if due is None else due

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
            "virtual_seconds": self._clock.seconds(cycles),
            "core_clock_hz": self._clock.hz,
            "halted": self.core.debug.halted,
            "sleeping": self.core.cpu.sleeping,
            "locked_up": self.core.exceptions.locked_up,
            "pc": self.core.registers.pc,
            "uart": {**vars(counters), "waiting_in": self.console.waiting_in},
            "findings": self.findings.as_json(),
        }
