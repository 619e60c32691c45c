"""What is attached to this machine: debug probes through pyOCD, serial ports through pyserial."""

from __future__ import annotations

from tflm_hil.boards.pairing import PortInfo, ProbeInfo


def attached_ports() -> list[PortInfo]:
    """All serial ports of the operating system."""
    from serial.tools import list_ports

    return [
        PortInfo(port.device, port.vid, port.pid, port.serial_number, port.description or "")
        for port in sorted(list_ports.comports(), key=lambda port: port.device)
    ]


def attached_probes() -> list[ProbeInfo]:
    """All real debug probes; emulated boards are in `tflm_hil.emulator.outside.registry`.

    Reads each probe's board id, which opens the probe for a moment if it is free. Imports pyOCD.
    """
    from pyocd.probe.aggregator import DebugProbeAggregator

    from tflm_hil.probe.pyocd_plugin import EmulatedProbe

    return [
        ProbeInfo(probe.unique_id, probe.product_name, _board_name(probe))
        for probe in DebugProbeAggregator.get_all_connected_probes()
        if not isinstance(probe, EmulatedProbe)
    ]


def _board_name(probe: object) -> str:
    from pyocd.core import exceptions

    try:
        info = getattr(probe, "associated_board_info", None)
    except (exceptions.Error, OSError):
        return ""  # in use by someone else, or old firmware: it stays a probe without a name
    return info.name if info is not None else ""
