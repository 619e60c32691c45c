"""What runs the firmware when there is no board: an STM32F746 with the strictness of silicon.

Each part uses those below it only:

    outside/       the board's process: its tty, its debug port, who can find it
    machine.py     one chip on one board in virtual time, with run_thread, debug_access, idle_pace …
    io_router.py   who answers an access outside the memories; scheduler.py: what happens when
    cortex_m7/     what Unicorn's core has not got: exceptions, NVIC, MPU, debug
    peripherals/   clocks, pins, USARTs, DMA, timers: the block diagram of RM0385
    native/        the hot path in C; memory.py, findings.py
    bus.py         the seam between machine and peripherals
    host_line.py   the seam between the machine and what hangs on its serial line
    wiring.py      what stands round the chip: it comes from a board file, none is known here
"""
