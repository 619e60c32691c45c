"""How to have pytest use this plugin, whether the distribution is installed or only on the path."""

from __future__ import annotations

from importlib import metadata


def plugin_arguments() -> list[str]:
    """Nothing if the entry point does it; naming the plugin a second time would be an error."""
    registered = metadata.entry_points(group="pytest11", name="hil")
    return [] if registered else ["-p", "tflm_hil.pytest_plugin"]
