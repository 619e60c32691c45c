"""Folders that look like a built TFLM tree, with libraries of tiny objects of our own."""

from __future__ import annotations

import subprocess
from pathlib import Path

DOWNLOADS = Path("tensorflow/lite/micro/tools/make/downloads")
HEADERS = (
    Path("tensorflow/lite/micro/micro_interpreter.h"),
    Path("tensorflow/lite/schema/schema_generated.h"),
    Path("signal/micro/kernels/irfft.h"),
    DOWNLOADS / "flatbuffers/include/flatbuffers/flatbuffers.h",
    DOWNLOADS / "gemmlowp/fixedpoint/fixedpoint.h",
)
RESOLVER = Path("tensorflow/lite/micro/micro_mutable_op_resolver.h")
RESOLVER_TEXT = """
#include <cstdio>
#include "signal/micro/kernels/irfft.h"
  TfLiteStatus AddCustom(const char* name, const TFLMRegistration* registration);
  TfLiteStatus AddAdd(const TFLMRegistration& registration = Register_ADD()) {
    return AddBuiltin(BuiltinOperator_ADD, registration, ParseAdd);
  }
  TfLiteStatus AddTanh() {
    return AddBuiltin(BuiltinOperator_TANH, Register_TANH(),
                      ParseTanh);
  }
  TfLiteStatus AddWindow() {
    return AddCustom("SignalWindow", tflite::tflm_signal::Register_WINDOW());
  }
 private:
  TfLiteStatus AddBuiltin(tflite::BuiltinOperator op);
"""
GRAPH = Path("tensorflow/lite/micro/micro_interpreter_graph.h")
MAKEFILE = DOWNLOADS.parent / "Makefile"
CORTEX_M7 = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")
REGISTER_ADD = "_ZN6tflite12Register_ADDEv"
REGISTER_TANH = "_ZN6tflite13Register_TANHEv"


def make_tree(root: Path) -> Path:
    """Headers only."""
    for header in HEADERS:
        (root / header).parent.mkdir(parents=True, exist_ok=True)
        (root / header).write_text(f"// {header.name}\n")
    (root / RESOLVER).write_text(RESOLVER_TEXT)
    (root / MAKEFILE).write_text("microlite:\n")
    (root / GRAPH).write_text("  int GetCurrentOperatorIndex();\n")
    return root


def add_library(
    tree: Path,
    target: str = "cortex_m_generic_cortex-m7+fp_release_gcc",
    flags: tuple[str, ...] = CORTEX_M7,
    symbols: tuple[str, ...] = (REGISTER_ADD, REGISTER_TANH),
    compiler: str = "arm-none-eabi-gcc",
) -> Path:
    """`gen/<target>/lib/libtensorflow-microlite.a`; gives `gen/<target>`."""
    folder = tree / "gen" / target / "lib"
    folder.mkdir(parents=True)
    source = folder / "kernel.c"
    functions = "\n".join(f"int {symbol}(int x) {{ return x + 1; }}" for symbol in symbols)
    source.write_text(f"float twice(float x) {{ return x * 2.0f; }}\n{functions}\n")
    member = folder / "kernel.o"
    subprocess.run([compiler, *flags, "-O2", "-c", str(source), "-o", str(member)], check=True)
    archiver = "arm-none-eabi-ar" if compiler.startswith("arm") else "ar"
    library = folder / "libtensorflow-microlite.a"
    subprocess.run([archiver, "-rc", str(library), str(member)], check=True)
    source.unlink()
    member.unlink()
    return folder.parent
