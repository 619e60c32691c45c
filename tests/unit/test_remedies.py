"""All remedies speak in one voice: imperative, lower case, no full stop at the end.

They stand behind an arrow under the sentence that says what happened, often several in a row.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("harness/**/*.py"), *ROOT.glob("fixtures/**/*.py")])

# Positional remedies: the class, and which argument it is.
POSITIONAL = {"RefusedError": 1, "CustomClassError": 1, "Finding": 3}

# What a remedy may begin with, besides a condition: a verb, or a command to type.
VERBS = """
    apt-get bring build calibrate call change check choose clean clone close compare compute connect
    convert correct create cut erase export fix flash get give install join leave let link load look
    make move name pad plug point power-cycle quantise raise read reduce remove replace replug
    requantise reset restart restore run say scale see set show shrink split start state try
    unplug unroll use wait write
"""
CONDITIONS = frozenset({"if", "on"})


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can come to, with {} for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
    elif isinstance(node, ast.BinOp):
        yield "".join([*literals(node.left), *literals(node.right)])
    elif isinstance(node, ast.IfExp):
        yield from [*literals(node.body), *literals(node.orelse)]
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from literals(value)


def remedies(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every remedy that is written out in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        values = [keyword.value for keyword in node.keywords if keyword.arg == "remedy"]
        place = POSITIONAL.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if place is not None and len(node.args) > place:
            values.append(node.args[place])
        for value in values:
            yield from ((value.lineno, text) for text in literals(value) if text)


def fault(remedy: str) -> str:
    """What is wrong with the voice of a remedy, "" if nothing is."""
    if remedy.endswith("."):
        return "ends in a full stop"
    first = remedy.split()[0].strip(",:;")
    if first.startswith(("{}", "`", "--")):
        return ""  # what is put in, or something to type, comes first
    if first not in CONDITIONS | set(VERBS.split()):
        return f"begins with {first!r}, which is no verb of the list in this test"
    return ""


def test_remedies_speak_in_one_voice() -> None:
    spoken = [(path, line, text) for path in FILES for line, text in remedies(path)]
    assert len(spoken) > 180
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {fault(text)}: {text}"
        for path, line, text in spoken
        if fault(text)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "remedy", ["Check the cable", "check the cable.", "the cable may be loose", "A cable"]
)
def test_other_voices_are_noticed(remedy: str) -> None:
    assert fault(remedy)
