"""Board files, hil.toml, environment and command line: who wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.boards import spec as spec_module
from tflm_hil.boards.sources import board_file_layers
from tflm_hil.boards.spec import Clock, Overrides, board_files, board_ids, load_spec
from tflm_hil.errors import ConfigurationError, UnknownBoard
from tflm_hil.firmware_build.core import Core
from tflm_hil.probe.flash_layout import FlashLayout

REAL = "nucleo-f746zg"
EMULATED = "nucleo-f746zg-emulated"


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_config(directory: Path, text: str) -> Path:
    path = directory / "hil.toml"
    path.write_text(text)
    return path


def test_both_boards_are_the_same_code_over_two_files() -> None:
    real, emulated = load_spec(REAL, environment={}), load_spec(EMULATED, environment={})
    assert (real.kind, emulated.kind) == ("hardware", "emulated")
    assert real.firmware_board == emulated.firmware_board == "nucleo_f746zg"
    assert real.target == emulated.target == "stm32f746zg"
    assert emulated.emulator_board == "nucleo-f746zg"
    assert (real.core, real.flash, real.clock, real.console) == (
        emulated.core,
        emulated.flash,
        emulated.clock,
        emulated.console,
    )


def test_facts_of_a_board_are_fields() -> None:
    disco = load_spec("disco-f746ng", environment={})
    assert disco.flash == FlashLayout(0x0800_0000, 0x8_0000, 0x0808_0000, 0x8_0000)
    assert disco.clock == Clock(25_000_000, "crystal", 216_000_000, 7, 108_000_000)
    assert str(disco.console) == "USART1 (TX PA9, RX PB7)"
    assert disco.core == Core.from_flags(
        "-mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard"
    )


def test_a_board_file_is_named_after_its_board() -> None:
    assert {path: load_spec(path, environment={}).id for path in board_files()} == {
        path: path for path in board_files()
    }


def test_each_source_overrides_the_next(own_directory: Path) -> None:
    def baud(overrides: Overrides | None = None, environment: dict[str, str] | None = None) -> int:
        return load_spec(REAL, overrides, environment or {}).baud

    assert baud() == 921_600
    write_config(own_directory, f"[boards.{REAL}]\nserial.baud = 460800\n")
    assert baud() == 460_800
    assert baud(environment={"HIL_SERIAL_BAUD": "230400"}) == 230_400
    assert baud(Overrides(baud=57_600), {"HIL_SERIAL_BAUD": "230400"}) == 57_600


def test_the_origin_of_a_value_is_known(own_directory: Path) -> None:
    config = write_config(own_directory, f'[boards.{REAL}]\nprobe.uid = "066E"\n')
    spec = load_spec(REAL, Overrides(tty="/dev/ttyS9"), {})
    assert (spec.probe_uid, spec.tty) == ("066E", "/dev/ttyS9")
    assert str(config) in spec.origin("probe.uid")
    assert spec.origin("serial.tty") == "command line"
    assert spec.origin("serial.baud").endswith("nucleo-f746zg.toml")


def test_a_bench_board_inherits_from_its_base(own_directory: Path) -> None:
    write_config(own_directory, f'[boards.bench-2]\nbase = "{REAL}"\nprobe.uid = "0670"\n')
    spec = load_spec("bench-2", environment={})
    assert (spec.id, spec.product, spec.probe_uid) == ("bench-2", "NUCLEO-F746ZG", "0670")
    assert set(board_ids(environment={})) == {"bench-2", *board_files()}


def test_the_config_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(f'[boards.{REAL}]\nserial.tty = "/dev/ttyACM7"\n')
    assert load_spec(REAL, Overrides(config=path), {}).tty == "/dev/ttyACM7"
    assert load_spec(REAL, environment={"HIL_CONFIG": str(path)}).tty == "/dev/ttyACM7"


def test_an_unknown_board_lists_the_known_and_the_closest() -> None:
    with pytest.raises(UnknownBoard) as caught:
        load_spec("nucleo-f746gz", environment={})
    assert "'nucleo-f746gz'" in caught.value.what
    assert "did you mean nucleo-f746zg?" in caught.value.remedy
    assert EMULATED in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[boards.nucleo-f746zg]\nserial.baud = true\n", "serial.baud = True is not a whole num"),
        ('[boards.nucleo-f746zg]\nserial.baud = "fast"\n', "serial.baud = 'fast'"),
        ("[boards.nucleo-f746zg]\nserial.baud = 0\n", "serial.baud = 0 must be greater"),
        ("[boards.nucleo-f746zg]\nserial.boud = 9600\n", "serial.boud is not a known key"),
        ('[boards.nucleo-f746zg]\nkind = "imagined"\n', "kind = 'imagined'"),
        ('[boards.nucleo-f746zg]\nprobe.connect_mode = "hot"\n', "probe.connect_mode = 'hot'"),
        ('[boards.nucleo-f746zg]\nbase = "nucleo-f4"\n', "boards.nucleo-f746zg.base"),
        ('probe.uid = "066E"\n', "probe"),
        ("[boards.nucleo-f746zg]\nflash.slot_bytes = 0\n", "flash.slot_bytes = 0 must be greater"),
        (
            "[boards.nucleo-f746zg]\nflash.slot_address = 0x0807_0000\n",
            "the model slot 0x08070000..0x080effff lies in the firmware's flash",
        ),
        ('[boards.nucleo-f746zg]\nclock.hse = "quartz"\n', "clock.hse = 'quartz' is not known"),
        ('[boards.nucleo-f746zg]\nclock.hse_hz = "8 MHz"\n', "clock.hse_hz = '8 MHz'"),
        ('[boards.nucleo-f746zg]\nconsole.tx = "D8"\n', "console.tx = 'D8' is not written"),
        ('[boards.nucleo-f746zg]\nconsole.usart = "LPUART"\n', "console.usart = 'LPUART'"),
        (
            '[boards.nucleo-f746zg]\nfirmware.core_flags = "-mcpu=cortex-m99"\n',
            "firmware.core_flags: -mcpu=cortex-m99",
        ),
        ("boards = 3\n", "must hold tables"),
        ("[boards\n", "hil.toml"),
    ],
)
def test_a_mistake_in_the_config_names_file_and_key(
    own_directory: Path, text: str, complaint: str
) -> None:
    config = write_config(own_directory, text)
    with pytest.raises(ConfigurationError) as caught:
        load_spec(REAL, environment={})
    assert complaint in caught.value.what
    assert str(config) in caught.value.what
    assert caught.value.remedy


def test_a_close_key_is_suggested(own_directory: Path) -> None:
    write_config(own_directory, f"[boards.{REAL}]\nserial.boud = 9600\n")
    with pytest.raises(ConfigurationError) as caught:
        load_spec(REAL, environment={})
    assert "serial.baud" in caught.value.remedy


def test_a_missing_config_is_refused_when_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file: .*absent\.toml"):
        load_spec(REAL, Overrides(config=tmp_path / "absent.toml"), {})


def test_a_baud_that_is_no_number_names_the_variable() -> None:
    with pytest.raises(ConfigurationError, match="HIL_SERIAL_BAUD='fast'"):
        load_spec(REAL, environment={"HIL_SERIAL_BAUD": "fast"})


def test_an_emulated_board_says_what_the_emulator_is_to_be(own_directory: Path) -> None:
    write_config(own_directory, f'[boards.{REAL}]\nkind = "emulated"\n')
    with pytest.raises(ConfigurationError, match=r"emulator\.board is missing"):
        load_spec(REAL, environment={})
    write_config(
        own_directory, f'[boards.{REAL}]\nkind = "emulated"\nemulator.board = "nucleo-f746zg"\n'
    )
    with pytest.raises(ConfigurationError, match=r"emulator\.uid_prefix is missing"):
        load_spec(REAL, environment={})


@pytest.mark.parametrize("key", ["flash.slot_address", "clock.core_hz", "console.rx"])
def test_a_board_file_states_every_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    name = key.split(".")[1]
    text = board_files()[REAL].read_text()
    short = "".join(line for line in text.splitlines(True) if not line.startswith(f"{name} ="))
    path = tmp_path / "short.toml"
    path.write_text(short)
    monkeypatch.setattr(spec_module, "board_files", lambda: {"short": path})
    with pytest.raises(ConfigurationError, match=f"{key} is missing"):
        load_spec("short", environment={})


def test_a_base_that_is_not_there_or_leads_back(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.toml" for name in ("one", "two", "lost")}
    files["one"].write_text('base = "two"\n')
    files["two"].write_text('base = "one"\n')
    files["lost"].write_text('base = "three"\n')
    with pytest.raises(ConfigurationError, match="in a circle: one → two → one"):
        board_file_layers("one", files)
    with pytest.raises(ConfigurationError, match="is 'three', and there is no such board file"):
        board_file_layers("lost", files)
