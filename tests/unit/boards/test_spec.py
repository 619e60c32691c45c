"""Board files, hil.toml, environment and command line: who wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tflm_hil.boards.spec import Overrides, board_files, board_ids, load_spec
from tflm_hil.errors import ConfigurationError, UnknownBoard

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
    assert board_ids(environment={}) == ["bench-2", REAL, EMULATED]


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
