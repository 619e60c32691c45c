"""What an export has no form for."""

from __future__ import annotations


class RefusedError(ValueError):
    """Not converted on purpose: `what` names the layer, and `fix` says what to change in it or in
    the data, if something helps.

    Of other exports it says nothing: which of them take the model is tried
    (`tflm_hil.models.convert.trial`).
    """

    def __init__(self, what: str, fix: str = "") -> None:
        self.what = what
        self.fix = fix
        super().__init__(f"{what}\n{fix}")
