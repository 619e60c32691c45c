"""Names in the documentation exist: modules, functions, paths, C++ functions, make targets."""

import importlib
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TOP = "harness|firmware|fixtures|tests|tools|docs|reports"

CODE = re.compile(r"`([^`\n]+)`")
PYTHON = re.compile(r"tflm_hil(\.\w+)+")
PATH = re.compile(rf"(?:{TOP})/[\w./-]*")
CPP = re.compile(r"[A-Z]\w+::[A-Z]\w+")


def names(page: Path) -> list[str]:
    """What is set as code in the running text of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [name.strip() for name in CODE.findall(text)]


@cache
def cpp_sources() -> str:
    files = [*ROOT.glob("firmware/*/*.cc"), *ROOT.glob("firmware/*/*.h")]
    return "\n".join(path.read_text() for path in files)


def exists(name: str) -> bool:
    """Whether what a page names is there; names of other kinds count as there."""
    if PYTHON.fullmatch(name):
        return python_exists(name)
    if PATH.fullmatch(name):
        return (ROOT / name).exists()
    if CPP.fullmatch(name):
        kind, function = name.split("::")
        return re.search(rf"\b{kind}::{function}\(", cpp_sources()) is not None
    if name.startswith("make ") and name != "make -f":
        target = name.split()[1]
        return re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE) is not None
    return True


def python_exists(name: str) -> bool:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            item: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            # a field of a dataclass without a default is no attribute of its class
            if attribute in getattr(item, "__annotations__", {}):
                return True
            if not hasattr(item, attribute):
                return False
            item = getattr(item, attribute)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_exist(page: Path) -> None:
    assert [name for name in names(page) if not exists(name)] == []


@pytest.mark.parametrize(
    "name",
    [
        "tflm_hil.link.nowhere",
        "tflm_hil.link.device.Device.fly",
        "harness/tflm_hil/nowhere.py",
        "CommandLoop::Fly",
        "make haste",
    ],
)
def test_what_does_not_exist_is_noticed(name: str) -> None:
    assert not exists(name)


def test_the_walks_name_what_they_pass() -> None:
    walked = names(ROOT / "docs" / "architecture.md")
    assert sum(PYTHON.fullmatch(name) is not None for name in walked) > 25
    assert sum(CPP.fullmatch(name) is not None for name in walked) >= 5


def test_code_cites_nothing_outside_the_clone() -> None:
    """Rules are those of docs/decisions.md; issues those of other projects, by their names."""
    outside = re.compile(
        r"(?<!decisions\.md, )\bdesign rule \d|facts/\w|(?<!w )(?<!micro )\bissue \d"
    )
    cited = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for pattern in (
            "harness/**/*.py",
            "firmware/**/*.cc",
            "firmware/**/*.h",
            "fixtures/**/*.py",
        )
        for path in ROOT.glob(pattern)
        for match in outside.finditer(path.read_text())
    ]
    assert cited == []
