"""Looks through a finished TensorFlow Lite Micro tree, before anything is compiled against it.

    tree = inspect_tree(Path("/opt/tflite-micro/gen/cortex_m_generic_…_release_gcc"), core)
    tree.kernels                 # "reference" or "cmsis-nn"
    print(tree.description)      # what the build is about to use

A tree is what upstream's own build leaves: the source folder with its downloads, one of its
`gen/<target>` folders, or a folder that was exported from it with the library put in. Which
library fits is decided by what the objects say of themselves (`elf_attributes`), not by names.

    python -m tflm_hil.firmware_build.tflm_tree DIR (--core-flags=FLAGS | --host) [--cmake]
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tflm_hil.errors import HilError, TflmTreeInvalid
from tflm_hil.firmware_build.core import Core
from tflm_hil.firmware_build.elf_attributes import ArchiveFacts, misfit, read_archive
from tflm_hil.firmware_build.tflm_layouts import (
    HEADER,
    LIBRARY,
    MAKEFILE,
    UPSTREAM,
    form_of,
    no_tree,
    not_built,
)
from tflm_hil.firmware_build.tflm_operators import Operator, choose, parse_operators

# Header -> what to call the folder that it is in. The last holds for trees that bundle them.
_HEADERS = {
    HEADER: "TFLM",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h": "TFLM",
    "tensorflow/lite/schema/schema_generated.h": "TFLM's generated schema",
    "flatbuffers/flatbuffers.h": "FlatBuffers",
    "fixedpoint/fixedpoint.h": "gemmlowp",
}
_DOWNLOADS = "tensorflow/lite/micro/tools/make/downloads"
_INCLUDE_FOLDERS = (
    ".",
    f"{_DOWNLOADS}/flatbuffers/include",
    f"{_DOWNLOADS}/gemmlowp",
    "third_party/flatbuffers/include",
    "third_party/gemmlowp",
)
_RESOLVER = "tensorflow/lite/micro/micro_mutable_op_resolver.h"
_GRAPH = "tensorflow/lite/micro/micro_interpreter_graph.h"
_SAYS_WHERE = "GetCurrentOperatorIndex"
_SINCE = "July 2024"
# Headers and sources of these are what a change of the tree can reach the firmware through.
_HASHED = ("tensorflow/lite", "signal", "flatbuffers", "fixedpoint", "internal")
# The resolver includes headers of TFLM's signal library too, which lie elsewhere.
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class TflmTree:
    """A tree that fits. `operators` are all that headers and library both have.

    `commit` is 12 digits with "+" if the checkout was changed, or "" if the tree does not say;
    `digest` is over the library and all headers (hexadecimal SHA-256).
    """

    root: Path
    library: Path
    include_dirs: tuple[Path, ...]
    definitions: tuple[str, ...]
    commit: str
    kernels: str
    facts: ArchiveFacts
    library_digest: str
    digest: str
    operators: tuple[Operator, ...]

    @property
    def version(self) -> str:
        """For reports: the commit, if known, and the library that is linked."""
        return f"{self.commit or 'unknown commit'}, library {self.library_digest[:8]}"

    @property
    def has_messages(self) -> bool:
        """False for BUILD_TYPE=release, which strips the texts of TFLM's errors."""
        return "TF_LITE_STRIP_ERROR_STRINGS" not in self.definitions

    @property
    def operator_names(self) -> frozenset[str]:
        """As a model's inspection names them."""
        return frozenset(operator.code for operator in self.operators)

    @property
    def description(self) -> str:
        """What was found, in a few lines."""
        lines = (
            ("library", str(self.library)),
            ("sha256", self.library_digest[:16]),
            ("commit", self.commit or "the tree does not say"),
            ("kernels", self.kernels),
            ("compiler", self.facts.compiler or "the objects do not say"),
            ("optimised", self.facts.optimisation or "the objects do not say"),
            ("core", self.facts.core),
            ("messages", "kept" if self.has_messages else "stripped (BUILD_TYPE=release)"),
            ("operators", f"{len(self.operators)}"),
        )
        return "\n".join(f"tflm {name:<9} {value}" for name, value in lines)

    def cmake_variables(self, operators: Collection[str] | None = None) -> dict[str, str]:
        """Cache variables of firmware/engine/tflm; `operators`: link only these, by name."""
        linked = choose(self.operators, operators)
        return {
            "HIL_TFLM_LIBRARY": str(self.library),
            "HIL_TFLM_INCLUDE_DIRS": ";".join(map(str, self.include_dirs)),
            "HIL_TFLM_DEFINITIONS": ";".join(self.definitions),
            "HIL_TFLM_OPERATORS": ";".join(operator.method for operator in linked),
            "HIL_TFLM_VERSION": self.version,
            "HIL_TFLM_KERNELS": self.kernels,
        }


def inspect_tree(root: Path, core: Core | None) -> TflmTree:
    """Find and check library and headers, for the board's `core` or (None) for this desktop.

    Raises TflmTreeInvalid, which names the header, library or property that is missing or wrong,
    and what to do; ToolchainMissing without binutils.
    """
    root = root.resolve()
    source = _source_root(root, core)
    built = any(_libraries(root))
    if built or form_of(source) is None:
        _check_age(source)  # before somebody builds it
    if not built:
        raise not_built(root, source, _recipe(core))
    include_dirs = _include_dirs(source)
    resolver = (source / _RESOLVER).read_text(encoding="utf-8")
    _check_headers(source, include_dirs, dict.fromkeys(_INCLUDE.findall(resolver), "TFLM"))
    library, facts = _fitting_library(root, core)
    library_digest = hashlib.sha256(library.read_bytes()).hexdigest()
    symbols = facts.symbols
    if "TfLiteTensorRealloc" in symbols:
        raise TflmTreeInvalid(
            f"{library} was compiled without TF_LITE_STATIC_MEMORY: its tensors need a heap and "
            "have another layout.",
            remedy="build it without BUILD_TYPE=no_tf_lite_static_memory",
        )
    definitions = ["TF_LITE_STATIC_MEMORY", "TF_LITE_DISABLE_X86_NEON"]
    if not any("MicroPrintf" in symbol for symbol in symbols):
        definitions.append("TF_LITE_STRIP_ERROR_STRINGS")
    operators = parse_operators(resolver)
    return TflmTree(
        root=root,
        library=library,
        include_dirs=include_dirs,
        definitions=tuple(definitions),
        commit=_commit(source),
        kernels="cmsis-nn" if "arm_fully_connected_s8" in symbols else "reference",
        facts=facts,
        library_digest=library_digest,
        digest=_digest(include_dirs, library_digest),
        operators=tuple(item for item in operators if item.is_in(symbols)),
    )


# --- headers -------------------------------------------------------------------------------------


def _source_root(root: Path, core: Core | None) -> Path:
    """The folder that `#include "tensorflow/…"` starts from: root or one above it."""
    if root.is_dir():
        for folder in (root, *root.parents):
            if (folder / HEADER).is_file():
                return folder
    raise no_tree(root, _recipe(core))


def _check_age(source: Path) -> None:
    """Our engine asks an interpreter where it stands, which TFLM could not always say."""
    header = source / _GRAPH
    if header.is_file() and _SAYS_WHERE in header.read_text(encoding="utf-8", errors="replace"):
        return
    raise TflmTreeInvalid(
        f"The TFLM tree {source} is too old: it is from before {_SINCE} ({_GRAPH} has no"
        f" {_SAYS_WHERE}).",
        remedy=f"use a tree of {_SINCE} or later, best one as new as the desktop wheel (`pip show"
        " tflite-micro` says of which day that is), and build it again",
    )


def _include_dirs(source: Path) -> tuple[Path, ...]:
    folders = tuple(source / name for name in _INCLUDE_FOLDERS if (source / name).is_dir())
    _check_headers(source, folders, _HEADERS)
    return folders


def _check_headers(source: Path, folders: tuple[Path, ...], headers: Mapping[str, str]) -> None:
    for header, owner in headers.items():
        if not any((folder / header).is_file() for folder in folders):
            searched = "\n    ".join(str(folder) for folder in folders)
            raise TflmTreeInvalid(
                f"The TFLM tree {source} lacks the header {header} ({owner}); searched:\n"
                f"    {searched}",
                remedy="run upstream's make target microlite in this tree, which downloads "
                "third-party headers, or copy the whole tree with its downloads",
            )


# --- library -------------------------------------------------------------------------------------


def _fitting_library(root: Path, core: Core | None) -> tuple[Path, ArchiveFacts]:
    libraries = sorted(set(_libraries(root)))
    facts = {library: read_archive(library) for library in libraries}
    problems = {library: misfit(fact, core) for library, fact in facts.items()}
    fitting = [library for library in libraries if problems[library] is None]
    if len(fitting) == 1:
        return fitting[0], facts[fitting[0]]
    if fitting:
        choices = "\n    ".join(f"--hil-tflm-root {_gen_folder(library)}" for library in fitting)
        raise TflmTreeInvalid(
            f"{root} holds {len(fitting)} libraries that fit.",
            remedy=f"say which one, by its folder:\n    {choices}",
        )
    reasons = {library: problem for library, problem in problems.items() if problem is not None}
    # A library for another machine is not what somebody tried to get right.
    closest = min(reasons, key=lambda library: reasons[library].distance)
    others = [str(library) for library in libraries if library != closest]
    also = f"\n    Nor do these fit: {', '.join(others)}" if others else ""
    raise TflmTreeInvalid(
        f"{closest} {reasons[closest].what}{also}",
        remedy=_built_anew(closest) + reasons[closest].remedy,
    )


def _built_anew(library: Path) -> str:
    """What comes before building with other settings: make does not see that they changed."""
    folder = _gen_folder(library)
    if folder.parent.name != "gen":
        return ""
    return f"delete {folder}, since make compiles nothing again for other settings; then "


def _recipe(core: Core | None) -> str:
    target = f"TARGET=cortex_m_generic {core.make_arguments} " if core is not None else ""
    return (
        f"build it with upstream's make: make -f {MAKEFILE} "
        f"{target}BUILD_TYPE=release_with_logs microlite "
        f"(see {UPSTREAM})"
    )


def _libraries(root: Path) -> Iterator[Path]:
    # Where upstream puts it, or close to the top; a walk through the downloads would take long.
    for pattern in (f"gen/*/lib/{LIBRARY}", f"lib/{LIBRARY}", LIBRARY, "*.a", "*/*.a"):
        yield from (path for path in root.glob(pattern) if path.is_file())


def _gen_folder(library: Path) -> Path:
    return library.parent.parent if library.parent.name == "lib" else library.parent


# --- identity ------------------------------------------------------------------------------------


def _commit(source: Path) -> str:
    """From the checkout, if it is one (and not a folder within another project's)."""
    if not (source / ".git").exists():
        return ""
    git = ["git", "-c", f"safe.directory={source}", "-C", str(source)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=30
        )
        if head.returncode != 0:
            return ""
        changed = subprocess.run(
            [*git, "diff", "--quiet", "HEAD", "--", "tensorflow"], capture_output=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return head.stdout.strip() + ("+" if changed.returncode == 1 else "")


def _digest(include_dirs: tuple[Path, ...], library_digest: str) -> str:
    digest = hashlib.sha256(library_digest.encode())
    for folder in include_dirs:
        for part in _HASHED:
            for header in sorted((folder / part).rglob("*.h")):
                if _DOWNLOADS in header.relative_to(folder).as_posix():
                    continue  # an include folder of its own, or none of ours
                digest.update(header.relative_to(folder).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(header.read_bytes()).digest())
    return digest.hexdigest()


# --- by hand -------------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    """Print what a tree holds, or the arguments that CMake takes."""
    parser = argparse.ArgumentParser(prog="python -m tflm_hil.firmware_build.tflm_tree")
    parser.add_argument("root", type=Path)
    machine = parser.add_mutually_exclusive_group(required=True)
    machine.add_argument("--core-flags", help="for a board: firmware.core_flags of its file")
    machine.add_argument("--host", action="store_true", help="for the posix board")
    parser.add_argument("--cmake", action="store_true", help="print arguments for CMake")
    arguments = parser.parse_args(argv)
    try:
        core = Core.from_flags(arguments.core_flags) if arguments.core_flags else None
        tree = inspect_tree(arguments.root, core)
    except HilError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if arguments.cmake:
        for name, value in {"HIL_ENGINE": "tflm", **tree.cmake_variables()}.items():
            print(f"-D{name}={value}")
    else:
        print(tree.description)
    return 0


if __name__ == "__main__":
    sys.exit(main())
