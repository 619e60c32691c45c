"""`hil demo`, `hil measure` and `hil flash`: the main job without pytest around it."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import suppress

from tflm_hil.bench.bench import Bench
from tflm_hil.bench.slotfuls import Slotfuls
from tflm_hil.bench.variants import slot_entry, variants, whole_zoo
from tflm_hil.commands.say import complain, say
from tflm_hil.drift.long_sequence import carries_state
from tflm_hil.errors import HilError
from tflm_hil.options import SHIPPED_ZOO, RunConfig
from tflm_hil.report.judgement import Verdict
from tflm_hil.report.records import FlashRecord
from tflm_hil.report.render.circumstance_text import flash_text
from tflm_hil.report.render.console import Console
from tflm_hil.report.render.markdown import TABLE_NAME
from tflm_hil.report.render.progress import ConsoleProgress
from tflm_hil.report.render.terminal import CI_WIDTH, render
from tflm_hil.report.resumption import Interruption
from tflm_hil.run.covering import covering
from tflm_hil.run.interruption import asked_to_end
from tflm_hil.run.preflight import Preflight
from tflm_hil.run.run import Run
from tflm_hil.run.select import choose

ENDED_BY = {  # what shells give a command that a signal ended
    Interruption.KEYBOARD: 128 + signal.SIGINT,
    Interruption.TERMINATED: 128 + signal.SIGTERM,
}
TOUR = "digits_ or sine_"  # of the shipped zoo: every cell, export and type in seconds


def demo(config: RunConfig, names: Sequence[str] = (), expression: str = "") -> int:
    """The tour, or what was asked for; of models that are not ours, all. See `measure_zoo`."""
    ours = config.zoo.resolve() == SHIPPED_ZOO.resolve() and not config.models
    if ours and not names and not expression:
        expression = TOUR
    return measure_zoo(config, names, expression, drift=False)


def measure_zoo(
    config: RunConfig, names: Sequence[str] = (), expression: str = "", *, drift: bool = True
) -> int:
    """Measure the chosen variants, print and write the report. 0 if there are and none failed.

    With `drift`, those that carry a state over a thousand steps, too. A variant that cannot be
    measured is in the report with its error; the next one is tried. Raises ConfigurationError if
    nothing is chosen.
    """
    console = Console()
    zoo = choose(whole_zoo(config), names, expression)
    if config.covering:
        zoo = covering(zoo)
    wanted = [variant for variant in zoo if not variant.left_out]
    left_out = [variant for variant in zoo if variant.left_out]
    with asked_to_end() as asked:
        run = Run(config, ConsoleProgress(console), wanted, left_out)
        interrupted = None
        try:
            for variant in wanted:
                with suppress(HilError):  # it is in the record
                    run.measured(variant)
                    if drift and carries_state(variant):
                        run.over_long_sequence(variant)
            with suppress(HilError):
                run.leave_test()  # the emulator's findings, into the record
        except KeyboardInterrupt:
            interrupted = asked.by
        except Exception:  # a mistake of ours: what was measured shall not be lost with it
            run.finish(interrupted=Interruption.MISTAKE)
            raise
        record = run.finish(interrupted=interrupted)
    width = console.width if console.is_terminal else CI_WIDTH
    print(render(record, width=width, colour=console.is_terminal))
    say(f"report: {run.report_path}, table: {run.directory / TABLE_NAME}")
    if interrupted is not None:
        say("interrupted: the next run of these models on this board goes on from here")
        return ENDED_BY[interrupted]
    failed = record.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.BLOCKED)
    return 1 if failed or record.learned_nothing else 0


def flash(config: RunConfig) -> int:
    """Bring firmware and models of the zoo onto the board; say what had to be written.

    Where the zoo is larger than the model slot, as many models as the first run of it would. A
    model in which the checks find an error is left out, and that is said: 1.
    """
    console = Console()
    checks = Preflight(config)
    wanted = variants(config)
    sound = checks.passing(wanted)
    for variant in wanted:
        try:
            checks.clear(variant)
        except HilError as error:
            complain(f"{variant.id}: {error}")
    done: list[FlashRecord] = []
    with Bench(config, ConsoleProgress(console), on_flash=done.append) as bench:
        plan = Slotfuls(sound, config.spec.flash.slot_bytes)
        bench.store([slot_entry(variant) for variant in sound if plan.number(variant) == 0])
        say(f"{bench.board.spec.id} ({bench.board.probe_uid}): {flash_text(tuple(done))}")
    return 0 if len(sound) == len(wanted) else 1
