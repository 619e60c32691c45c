"""Folders that are given as a TFLM tree and are none, told apart by what lies in them.

    raise no_tree(root, recipe)     # not a folder, empty, TFLM for Arduino, the desktop wheel …

What can be linked is a checkout of upstream that was built by upstream's make, or a copy of it.
TFLM is passed on in many other forms, and each needs another word.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tflm_hil.errors import TflmTreeInvalid

UPSTREAM = "https://github.com/tensorflow/tflite-micro"
HEADER = "tensorflow/lite/micro/micro_interpreter.h"
MAKEFILE = "tensorflow/lite/micro/tools/make/Makefile"
LIBRARY = "libtensorflow-microlite.a"
DEEP = 5  # folders below a given one in which the header is looked for
MOST_FOLDERS = 5_000  # looked into: somebody may have named a home folder
OPTION = "--hil-tflm-root"


@dataclass(frozen=True)
class Form:
    """A form in which TFLM is passed on: `what` it is, and the file patterns that show it, in the
    folder or one of the three above it.
    """

    what: str
    marks: tuple[str, ...]


FORMS = (
    Form("a component of ESP-IDF", ("idf_component.yml",)),
    Form("a library of the Arduino IDE", ("library.properties",)),
    Form("a library of PlatformIO", ("library.json",)),
    Form("a CMSIS pack", ("*.pdsc",)),
    Form(
        "a project of STM32CubeMX",
        ("*.ioc", "Middlewares", "stai.h", "ai_platform.h", "*etwork*untime*.a"),
    ),
    Form("a module of Zephyr", ("zephyr/module.yml",)),
    Form(
        "the Python package of desktop TFLM", ("_runtime*.so", "python/tflite_micro/_runtime*.so")
    ),
)
"""Those that are recognised by a file of theirs."""

TENSORFLOW = "tensorflow/lite/kernels/register.cc"


def no_tree(root: Path, recipe: str) -> TflmTreeInvalid:
    """The error for a folder without TFLM's headers in it or above it. `recipe` is how a tree that
    fits is built.
    """
    return _no_folder(root, recipe) or _elsewhere(root, recipe) or _something_else(root, recipe)


def not_built(root: Path, source: Path, recipe: str) -> TflmTreeInvalid:
    """The error for headers without a library. `source` is the folder that they are in."""
    form = form_of(source)
    if form is not None:
        return TflmTreeInvalid(
            f"{root} is TFLM as {form.what}: sources that are compiled into an application, without"
            f" the library {LIBRARY} that upstream's make builds.",
            remedy=f"clone {UPSTREAM} and name that: {recipe}",
        )
    if not (source / MAKEFILE).is_file():
        return TflmTreeInvalid(
            f"{root} holds TFLM's sources without upstream's Makefile, as its project generation"
            f" exports them, and no {LIBRARY}.",
            remedy=f"build the library in a checkout of {UPSTREAM} of the same commit and put it"
            f" into {source / 'lib'}, or name that checkout: {recipe}",
        )
    return TflmTreeInvalid(
        f"There is no {LIBRARY} below {root}: it is a checkout of TFLM that is not built.",
        remedy=recipe,
    )


def form_of(folder: Path) -> Form | None:
    """The form that a file in the folder, or up to three above it, shows."""
    for place in (folder, *folder.parents[:3]):
        if (place / MAKEFILE).is_file():
            return None  # upstream's own; it carries files for some of the others
        for form in FORMS:
            if any(_has(place, mark) for mark in form.marks):
                return form
    return None


def _no_folder(root: Path, recipe: str) -> TflmTreeInvalid | None:
    if not os.path.lexists(root):
        return TflmTreeInvalid(
            f"There is no folder {root}.", remedy=f"name a TFLM tree with {OPTION} DIR"
        )
    if not root.is_dir():
        return TflmTreeInvalid(
            f"{root} is a file, not the folder of a TFLM tree.",
            remedy=f"name the folder: {OPTION} {_folder_of(root)}",
        )
    if not os.access(root, os.R_OK | os.X_OK):
        return TflmTreeInvalid(
            f"{root} must not be read.", remedy=f"make it readable: chmod -R u+rX {root}"
        )
    if any(root.iterdir()):
        return None
    submodule = any((above / ".gitmodules").is_file() for above in root.parents)
    return TflmTreeInvalid(
        f"{root} is empty.",
        remedy="check the submodule out: git submodule update --init; then " + recipe
        if submodule
        else f"clone {UPSTREAM} into it; then {recipe}",
    )


def _folder_of(file: Path) -> Path:
    """Of a library, the folder that names it and its headers; else the one that the file is in."""
    return file.parent.parent if file.parent.name == "lib" else file.parent


def _elsewhere(root: Path, recipe: str) -> TflmTreeInvalid | None:
    """A tree below the folder that was named."""
    found = next(_below(root, lambda folder: (folder / HEADER).is_file()), None)
    if found is None:
        return None
    form = form_of(found)
    if form is not None:
        return not_built(root, found, recipe)
    return TflmTreeInvalid(
        f"{root} is no TFLM tree, but there is one in it: {found}.",
        remedy=f"name that: {OPTION} {found}",
    )


def _something_else(root: Path, recipe: str) -> TflmTreeInvalid:
    form = form_of(root)
    if form is not None:
        what = f"{form.what} without TFLM's headers"
    elif (root / TENSORFLOW).is_file():
        what = "TensorFlow, which has no TFLM since 2021"
    elif any(root.glob("*.a")) or any(root.glob("lib/*.a")):
        return TflmTreeInvalid(
            f"{root} holds a library without TFLM's headers: there is no {HEADER} in it, nor in a"
            " folder above it.",
            remedy="leave the library in the tree that it was built in, and name that; or copy"
            " tensorflow/, signal/ and the folders of its downloads beside it",
        )
    else:
        return TflmTreeInvalid(
            f"{root} is no TFLM tree: there is no {HEADER} in it, nor in a folder above it.",
            remedy=f"name the source folder of a built {UPSTREAM}, or its gen/<target>",
        )
    return TflmTreeInvalid(
        f"{root} is no TFLM tree: it is {what}.", remedy=f"clone {UPSTREAM} and name that: {recipe}"
    )


def _below(root: Path, wanted: Callable[[Path], bool]) -> Iterator[Path]:
    """Folders down to `DEEP` that are wanted, those nearest the top first."""
    level, looked_at = [root], 0
    for _ in range(DEEP):
        following: list[Path] = []
        for folder in level:
            looked_at += 1
            if looked_at > MOST_FOLDERS:
                return
            try:
                inside = [Path(item) for item in os.scandir(folder) if item.is_dir()]
            except OSError:
                continue
            yield from filter(wanted, inside)
            following += [item for item in sorted(inside) if not item.name.startswith(".")]
        level = following


def _has(folder: Path, mark: str) -> bool:
    try:
        return any(folder.glob(mark))
    except OSError:
        return False
