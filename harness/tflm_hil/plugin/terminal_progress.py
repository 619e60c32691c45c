"""Live progress beside pytest's own output: past its capturing, and on a line of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tflm_hil.report.render.console import Console
from tflm_hil.report.render.progress import ConsoleProgress, Progress, SilentProgress


def for_pytest(config: Any) -> Progress:
    """Progress on the terminal that pytest writes to; silent in an xdist worker or with -qq."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput") or config.option.verbose < -1:
        return SilentProgress()
    capture = config.pluginmanager.get_plugin("capturemanager")

    def uncaptured() -> AbstractContextManager[None]:
        return nullcontext() if capture is None else capture.global_and_fixture_disabled()

    # file=None: whatever sys.stdout is when something is printed, which is the real one then
    return ConsoleProgress(Console(), reporter.ensure_newline, uncaptured)
