"""The board files of the emulated boards, and the probe of one as its file has it."""

from __future__ import annotations

from dataclasses import replace

from tflm_hil.boards.provider import probe_settings
from tflm_hil.boards.spec import load_spec
from tflm_hil.probe.probe import Probe
from tflm_hil.probe.session import ProbeSettings

NUCLEO_SPEC = load_spec("nucleo-f746zg-emulated", environment={})
DISCO_SPEC = load_spec("disco-f746ng-emulated", environment={})
FLASH = NUCLEO_SPEC.flash


def settings_for(uid: str) -> ProbeSettings:
    """How the emulated NUCLEO's file uses the probe `uid`; messages name the NUCLEO."""
    return replace(probe_settings(NUCLEO_SPEC, uid), board="nucleo-f746zg")


def probe_of(uid: str) -> Probe:
    """The probe of an emulated NUCLEO."""
    return Probe(settings_for(uid))
