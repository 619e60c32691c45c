"""Pairing on port listings as Linux, macOS and Windows give them."""

from __future__ import annotations

import pytest
from pyocd.board.board_ids import BOARD_ID_TO_INFO
from tflm_hil.boards.pairing import Pair, PortInfo, ProbeInfo, Wanted, pair, probes_behind
from tflm_hil.boards.spec import board_files, load_spec
from tflm_hil.errors import ConfigurationError, ProbeAmbiguous, ProbeNotFound, SerialPortNotFound

OURS = "066EFF383733503457223432"
OTHER = "0670FF575251717867205939"
TWIN = "0668FF555051897267093741"

F746 = ProbeInfo(OURS, "STM32 STLink", "NUCLEO-F746ZG")
DISCO = ProbeInfo(OTHER, "STM32 STLink", "DISCO-F746NG")
F429 = ProbeInfo(OTHER, "STM32 STLink", "NUCLEO-F429ZI")
F746_TWIN = ProbeInfo(TWIN, "STM32 STLink", "NUCLEO-F746ZG")
SILENT = ProbeInfo(OURS, "STM32 STLink")  # its firmware does not tell the board

LINUX = [
    PortInfo("/dev/ttyS0", description="n/a"),
    PortInfo("/dev/ttyUSB0", 0x0403, 0x6001, "A50285BI", "FT232R USB UART"),
    PortInfo("/dev/ttyACM0", 0x0483, 0x374B, OTHER, "STM32 STLink - ST-Link VCP Ctrl"),
    PortInfo("/dev/ttyACM1", 0x0483, 0x374B, OURS, "STM32 STLink - ST-Link VCP Ctrl"),
]
MACOS = [
    PortInfo("/dev/cu.Bluetooth-Incoming-Port", description="n/a"),
    PortInfo("/dev/cu.usbmodem14103", 0x0483, 0x374B, OURS, "STM32 STLink"),
    PortInfo("/dev/cu.usbmodem14203", 0x0483, 0x374B, OTHER, "STM32 STLink"),
]
WINDOWS = [
    PortInfo("COM1", description="Communications Port (COM1)"),
    PortInfo("COM7", 0x0483, 0x374B, OURS, "STMicroelectronics STLink Virtual COM Port (COM7)"),
    PortInfo("COM9", 0x0483, 0x374B, OTHER, "STMicroelectronics STLink Virtual COM Port (COM9)"),
]
# pyserial gives the instance id of the interface when it cannot find the parent device.
WINDOWS_WITHOUT_PARENT = [
    PortInfo("COM7", 0x0483, 0x374B, "7&25F3C3E&0", "STLink Virtual COM Port (COM7)")
]


def wanted(uid: str = "", tty: str = "", product: str = "NUCLEO-F746ZG") -> Wanted:
    return Wanted(
        product,
        uid,
        tty,
        uid_origin="hil.toml",
        tty_origin="hil.toml",
        board="nucleo-f746zg",
        console="USART3 (TX PD8, RX PD9)",
    )


@pytest.mark.parametrize(
    ("ports", "tty"),
    [(LINUX, "/dev/ttyACM1"), (MACOS, "/dev/cu.usbmodem14103"), (WINDOWS, "COM7")],
    ids=["linux", "macos", "windows"],
)
@pytest.mark.parametrize("uid", ["", OURS, OURS.lower()], ids=["only board", "uid", "lower case"])
def test_the_port_with_the_probes_serial_number_is_taken(
    ports: list[PortInfo], tty: str, uid: str
) -> None:
    assert pair(wanted(uid), [F429, F746], ports) == Pair(OURS, tty)


def test_a_single_probe_that_does_not_tell_its_board_is_taken() -> None:
    assert pair(wanted(), [SILENT, F429], LINUX) == Pair(OURS, "/dev/ttyACM1")


def test_two_boards_of_different_kinds_are_told_apart() -> None:
    assert pair(wanted(), [DISCO, F746], LINUX) == Pair(OURS, "/dev/ttyACM1")
    disco = wanted(product="DISCO-F746NG")
    assert pair(disco, [DISCO, F746], LINUX) == Pair(OTHER, "/dev/ttyACM0")
    with pytest.raises(ProbeNotFound, match="sits on a NUCLEO-F746ZG, not on a DISCO-F746NG"):
        pair(wanted(OURS, product="DISCO-F746NG"), [DISCO, F746], LINUX)


@pytest.mark.parametrize("board", board_files())
def test_the_product_is_what_pyocd_makes_of_the_stlinks_board_id(board: str) -> None:
    known = {info.name for info in BOARD_ID_TO_INFO.values()}
    assert load_spec(board, environment={}).product in known
    assert BOARD_ID_TO_INFO["0815"].name == load_spec("disco-f746ng", environment={}).product


def test_two_boards_of_the_kind_are_ambiguous() -> None:
    with pytest.raises(ProbeAmbiguous) as caught:
        pair(wanted(), [F746, F746_TWIN, F429], LINUX)
    assert all(uid in str(caught.value) for uid in (OURS, TWIN, OTHER))
    assert "boards.nucleo-f746zg.probe.uid" in caught.value.remedy


def test_an_absent_uid_lists_what_is_attached() -> None:
    with pytest.raises(ProbeNotFound, match=f"no probe with serial {OURS}; .*{OTHER}.*F429ZI") as e:
        pair(wanted(OURS), [F429], LINUX)
    assert "hil.toml" in e.value.remedy


@pytest.mark.parametrize("partial", [OURS[:12], OURS[4:]])
def test_a_part_of_a_uid_is_not_enough(partial: str) -> None:
    with pytest.raises(ProbeNotFound):
        pair(wanted(partial), [F746], LINUX)


def test_nothing_attached() -> None:
    with pytest.raises(ProbeNotFound, match="attached probes: none"):
        pair(wanted(), [], LINUX)


def test_the_uid_of_another_board_is_refused() -> None:
    with pytest.raises(ProbeNotFound, match="sits on a NUCLEO-F429ZI"):
        pair(wanted(OTHER), [F746, F429], LINUX)


def test_another_board_alone_is_not_taken_for_ours() -> None:
    with pytest.raises(ProbeNotFound, match="no NUCLEO-F746ZG is attached"):
        pair(wanted(), [F429], LINUX)


def test_a_probe_without_virtual_com_port_is_refused() -> None:
    with pytest.raises(SerialPortNotFound) as caught:
        pair(wanted(OURS), [F746], LINUX[:3])
    assert "/dev/ttyACM0" in caught.value.what
    assert "serial.tty" in caught.value.remedy
    assert "USART3 (TX PD8, RX PD9)" in caught.value.remedy


def test_a_probe_without_virtual_com_port_works_with_a_named_uart() -> None:
    assert pair(wanted(tty="/dev/ttyUSB0"), [F746], LINUX[:3]) == Pair(OURS, "/dev/ttyUSB0")


def test_a_named_tty_that_is_not_listed_is_trusted() -> None:
    link = "/dev/serial/by-id/usb-STMicroelectronics_STM32_STLink-if02"
    assert pair(wanted(tty=link), [F746], LINUX).tty == link


def test_a_named_tty_of_another_stlink_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=rf"ttyACM0 .* another probe than {OURS}"):
        pair(wanted(OURS, "/dev/ttyACM0"), [F746, F429], LINUX)


def test_an_instance_id_is_no_serial_number_but_may_be_named() -> None:
    with pytest.raises(SerialPortNotFound):
        pair(wanted(), [F746], WINDOWS_WITHOUT_PARENT)
    assert pair(wanted(tty="COM7"), [F746], WINDOWS_WITHOUT_PARENT).tty == "COM7"


def test_two_ports_of_one_probe_must_be_chosen_from() -> None:
    ports = [
        PortInfo("/dev/ttyACM0", 0x0483, 0x3753, OURS),
        PortInfo("/dev/ttyACM1", 0x0483, 0x3753, OURS),
    ]
    with pytest.raises(SerialPortNotFound, match="2 serial ports: /dev/ttyACM0, /dev/ttyACM1"):
        pair(wanted(), [F746], ports)


def test_probes_show_themselves_by_their_com_ports() -> None:
    assert [probe.uid for probe in probes_behind(LINUX)] == [OTHER, OURS]
    assert probes_behind(WINDOWS_WITHOUT_PARENT) == []
