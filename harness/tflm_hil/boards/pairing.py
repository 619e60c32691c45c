"""Which probe and which serial port belong together: a pure function over what is attached.

An ST-LINK/V2-1 is one USB device with a debug interface and a virtual COM port, so both carry the
same USB serial number. Flashing one board and listening to another is the worst thing that can
happen on a desk with two of them; hence nothing is guessed: absent or ambiguous is refused, with a
list of what is attached.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tflm_hil.errors import ConfigurationError, ProbeAmbiguous, ProbeNotFound, SerialPortNotFound

ST_VENDOR_ID = 0x0483
STLINK_PRODUCT_IDS = frozenset(
    {0x3748, 0x374A, 0x374B, 0x374D, 0x374E, 0x374F, 0x3752, 0x3753, 0x3754, 0x3755, 0x3757}
)


@dataclass(frozen=True)
class ProbeInfo:
    """An attached debug probe. `board` is the board it sits on, empty when it does not tell."""

    uid: str
    product: str
    board: str = ""

    def __str__(self) -> str:
        return f"{self.uid} ({self.board or self.product})"


@dataclass(frozen=True)
class PortInfo:
    """An attached serial port, as `serial.tools.list_ports` describes it.

    `vendor_id`, `product_id` and `serial_number` are None for ports that are not USB.
    """

    device: str
    vendor_id: int | None = None
    product_id: int | None = None
    serial_number: str | None = None
    description: str = ""

    @property
    def is_stlink(self) -> bool:
        """Whether the port is the virtual COM port of an ST-LINK."""
        return self.vendor_id == ST_VENDOR_ID and self.product_id in STLINK_PRODUCT_IDS

    def __str__(self) -> str:
        serial = f", USB serial {self.serial_number}" if self.serial_number else ""
        return f"{self.device} ({self.description or 'no description'}{serial})"


@dataclass(frozen=True)
class Pair:
    """A probe and the serial port of the same board."""

    uid: str
    tty: str


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the product, and what the configuration pins down (may be empty).

    `uid_origin` and `tty_origin` say where these were configured, and `console` which USART and
    pins the serial port ends at, for the messages.
    """

    product: str
    uid: str = ""
    tty: str = ""
    uid_origin: str = ""
    tty_origin: str = ""
    board: str = ""
    console: str = ""


def pair(wanted: Wanted, probes: Sequence[ProbeInfo], ports: Sequence[PortInfo]) -> Pair:
    """The one probe and the one port that fit.

    Raises ProbeNotFound, ProbeAmbiguous, SerialPortNotFound, and ConfigurationError when the
    configured tty belongs to another board's probe.
    """
    probe = choose_probe(wanted, probes)
    return Pair(probe.uid, choose_port(wanted, probe, ports))


def probes_behind(ports: Sequence[PortInfo]) -> list[ProbeInfo]:
    """The ST-LINKs that show themselves by their virtual COM port, without asking any probe."""
    return [
        ProbeInfo(port.serial_number, port.description)
        for port in ports
        if port.is_stlink and port.serial_number and _is_stlink_serial(port.serial_number)
    ]


def choose_probe(wanted: Wanted, probes: Sequence[ProbeInfo]) -> ProbeInfo:
    """The probe with the configured uid, or the only one on a board of this product."""
    attached = _list("probes", probes)
    if wanted.uid:
        probe = next((p for p in probes if same_serial(p.uid, wanted.uid)), None)
        if probe is None:
            raise ProbeNotFound(
                f"no probe with serial {wanted.uid}; {attached}",
                remedy=f"check probe.uid ({wanted.uid_origin or 'configuration'}) and the USB "
                "cable, or run `hil boards`",
                board=wanted.board,
            )
        if probe.board and probe.board != wanted.product:
            raise ProbeNotFound(
                f"probe {probe.uid} sits on a {probe.board}, not on a {wanted.product}",
                remedy=f"check probe.uid ({wanted.uid_origin or 'configuration'}); {attached}",
                board=wanted.board,
            )
        return probe
    # A probe that does not tell its board may be the right one; one that names another is not.
    named = [p for p in probes if p.board == wanted.product]
    candidates = named or [p for p in probes if not p.board]
    if not candidates:
        raise ProbeNotFound(
            f"no {wanted.product} is attached; {attached}",
            remedy="connect the board's ST-LINK USB (on Linux, pyOCD's udev rules must be "
            "installed), or run `hil boards`",
            board=wanted.board,
        )
    if len(candidates) > 1:
        raise ProbeAmbiguous(
            f"{len(candidates)} probes could be the {wanted.product}; {attached}",
            remedy=f"choose one: set boards.{wanted.board or '<board>'}.probe.uid in hil.toml, "
            "or --hil-probe-uid",
            board=wanted.board,
        )
    return candidates[0]


def choose_port(wanted: Wanted, probe: ProbeInfo, ports: Sequence[PortInfo]) -> str:
    """The configured tty, or the only port with the probe's USB serial number."""
    attached = _list("serial ports", ports)
    if wanted.tty:
        port = next((p for p in ports if p.device == wanted.tty), None)
        foreign = (
            port is not None
            and port.is_stlink
            and port.serial_number is not None
            and _is_stlink_serial(port.serial_number)
            and not same_serial(port.serial_number, probe.uid)
        )
        if foreign:
            raise ConfigurationError(
                f"{port} belongs to another probe than {probe.uid}",
                remedy=f"correct or remove serial.tty ({wanted.tty_origin or 'configuration'}); "
                f"{attached}",
                board=wanted.board,
            )
        # A tty that is not listed may still exist: a udev link, socat, a network bridge.
        return wanted.tty
    matching = [
        p for p in ports if p.serial_number is not None and same_serial(p.serial_number, probe.uid)
    ]
    if not matching:
        raise SerialPortNotFound(
            f"probe {probe} has no serial port with its USB serial number; {attached}",
            remedy="check the cable and the driver; a debug probe without virtual COM port needs a"
            f" USB-UART on the board's {wanted.console or 'console pins'}: name it as serial.tty in"
            " hil.toml",
            board=wanted.board,
        )
    if len(matching) > 1:
        raise SerialPortNotFound(
            f"probe {probe} has {len(matching)} serial ports: "
            f"{', '.join(p.device for p in matching)}",
            remedy="name the one that is wired to the board's "
            f"{wanted.console or 'console'} as serial.tty in hil.toml",
            board=wanted.board,
        )
    return matching[0].device


def same_serial(one: str, other: str) -> bool:
    """Whether two USB serial numbers are the same; tools differ in case and padding."""
    return one.strip().upper() == other.strip().upper()


def _is_stlink_serial(text: str) -> bool:
    # Windows gives an instance id such as "7&25F3C3E&0" when it cannot find the parent device.
    return re.fullmatch(r"[0-9A-Fa-f]{16,}", text.strip()) is not None


def _list(what: str, items: Sequence[ProbeInfo] | Sequence[PortInfo]) -> str:
    return f"attached {what}: {', '.join(str(item) for item in items) or 'none'}"
