from pathlib import Path
from typing import Any

import pytest
from tflm_hil.errors import ConfigurationError, TflmTreeInvalid, UnknownBoard
from tflm_hil.options import OPTIONS, RunConfig, from_lookup

from tests.support.tflm_trees import add_library, make_tree

BOARD = "nucleo-f746zg-emulated"


def configure(
    values: dict[str, Any] | None = None, environment: dict[str, str] | None = None
) -> RunConfig | None:
    return from_lookup({"hil_board": BOARD, **(values or {})}.get, environment or {})


def test_no_board_is_no_run() -> None:
    nothing: dict[str, object] = {}
    assert from_lookup(nothing.get, {}) is None


def test_defaults() -> None:
    config = configure()
    assert config is not None
    assert config.engine == "builtin"
    assert config.resume == "auto"
    assert config.sequences is None
    assert not config.no_flash
    assert config.zoo.name == "models"


def test_command_line_beats_environment_beats_ini_beats_default() -> None:
    ini = {"ini:hil_sequences": "3"}
    environment = {"HIL_SEQUENCES": "2"}
    configs = [
        configure({**ini, "hil_sequences": "1"}, environment),
        configure(ini, environment),
        configure(ini),
        configure(),
    ]
    assert [config.sequences for config in configs if config] == [1, 2, 3, None]


def test_switch_can_come_from_anywhere() -> None:
    for values, environment in (
        ({"hil_no_flash": True}, {}),
        ({"ini:hil_no_flash": "true"}, {}),
        ({}, {"HIL_NO_FLASH": "1"}),
    ):
        config = configure(values, environment)
        assert config is not None
        assert config.no_flash


def test_overrides_reach_the_board() -> None:
    config = configure({"hil_baud": "460800", "hil_tty": "/dev/x", "hil_probe_uid": "U"})
    assert config is not None
    assert config.overrides.baud == 460800
    assert config.overrides.tty == "/dev/x"
    assert config.overrides.probe_uid == "U"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"hil_engine": "onnx"}, "--hil-engine onnx: there is no such choice"),
        ({"hil_engine": "tflm"}, "needs a finished TensorFlow Lite Micro tree"),
        ({"hil_firmware": "/no/such.elf"}, "--hil-firmware /no/such.elf: no such file"),
        ({"hil_zoo": "/no/zoo"}, "--hil-zoo /no/zoo: no such folder"),
        ({"hil_resume": "20200101-000000"}, "there is no such run"),
        ({"hil_baud": "fast"}, "--hil-baud fast: not a whole number above 0"),
        ({"hil_sequences": "0"}, "--hil-sequences 0: not a whole number above 0"),
    ],
)
def test_mistakes_are_named_with_a_remedy(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        configure(values)
    assert caught.value.remedy


def test_unknown_board_is_told_at_once() -> None:
    with pytest.raises(UnknownBoard, match="no board is called 'nucleo'"):
        configure({"hil_board": "nucleo"})


def test_resume_of_a_named_run(tmp_path: Path) -> None:
    (tmp_path / "some-run").mkdir()
    config = configure({"hil_resume": "some-run", "hil_report_dir": str(tmp_path)})
    assert config is not None
    assert config.resume == "some-run"


def test_every_option_but_board_has_the_prefix() -> None:
    for option in OPTIONS:
        assert option.flag == "--board" or option.flag.startswith("--hil-")
        assert option.help


# --- the engine ----------------------------------------------------------------------------------


def test_a_tree_makes_tflm_the_engine(tmp_path: Path) -> None:
    tree = str(add_library(make_tree(tmp_path)))
    by_flag = configure({"hil_tflm_root": tree})
    by_variable = configure(environment={"TFLM_ROOT": tree})
    other_engine = configure({"hil_engine": "builtin"}, {"TFLM_ROOT": tree})
    for config, engine in ((by_flag, "tflm"), (by_variable, "tflm"), (other_engine, "builtin")):
        assert config is not None
        assert config.engine == engine
        assert str(config.tflm_root) == tree
    assert by_flag is not None
    assert by_flag.tflm_operators == "all"


def test_the_flag_beats_both_variables(tmp_path: Path) -> None:
    trees = [str(add_library(make_tree(tmp_path / name))) for name in "abc"]
    environment = {"HIL_TFLM_ROOT": trees[1], "TFLM_ROOT": trees[2]}
    for values, expected in (({"hil_tflm_root": trees[0]}, trees[0]), ({}, trees[1])):
        config = configure(values, environment)
        assert config is not None
        assert str(config.tflm_root) == expected


def test_a_tree_that_does_not_fit_is_told_at_once(tmp_path: Path) -> None:
    tree = add_library(make_tree(tmp_path), flags=("-mcpu=cortex-m7", "-mthumb"))
    with pytest.raises(TflmTreeInvalid, match="wrong float ABI"):
        configure({"hil_tflm_root": str(tree)})
    assert configure({"hil_tflm_root": str(tree), "hil_engine": "builtin"}) is not None


# --- models given by name -------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Three files, one with a comma in its name."""
    paths = [tmp_path / name for name in ("a.tflite", "b.tflite", "c,d.tflite")]
    for path in paths:
        path.write_bytes(b"")
    return [str(path) for path in paths]


def test_models_are_repeated_or_separated(files: list[str]) -> None:
    expected = [Path(file) for file in files]
    both = ",".join(files[:2])
    for values, environment in (
        ({"hil_model": files}, {}),
        ({"hil_model": [both, files[2]]}, {}),
        ({"ini:hil_model": "\n" + "\n".join(files[:2])}, {}),
        ({}, {"HIL_MODEL": both}),
    ):
        config = configure(values, environment)
        assert config is not None
        assert list(config.models) == expected[: len(config.models)]
        assert len(config.models) >= 2


def test_very_many_models_are_no_path(files: list[str]) -> None:
    config = configure({"hil_model": ",".join(files[:1] * 500)})
    assert config is not None
    assert len(config.models) == 500


def test_several_values_go_on_as_they_were_typed(files: list[str]) -> None:
    (option,) = (item for item in OPTIONS if item.key == "model")
    assert option.typed(files[:2]) == ["--hil-model", files[0], "--hil-model", files[1]]


def test_files_that_are_not_there_are_named(files: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"--hil-model .*gone\.tflite: no such file"):
        configure({"hil_model": [files[0], files[0] + ".gone.tflite"]})
    with pytest.raises(ConfigurationError, match=r"--hil-samples gone\.npz"):
        configure({"hil_model": [files[0]], "hil_samples": ["gone.npz"]})


def test_samples_without_a_model_are_a_mistake(files: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="--hil-samples belongs to --hil-model"):
        configure({"hil_samples": [files[0]]})
