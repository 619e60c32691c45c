"""A model as C++ source, for firmware that links its model in.

    source, header = c_array(content, "digits_lstm")

The bytes are aligned to 16, as TensorFlow Lite Micro wants its FlatBuffer.
"""

from __future__ import annotations

import hashlib
import re

from tflm_hil.visible import in_a_line

PER_LINE = 16


def identifier(name: str) -> str:
    """`name` as the middle of a C++ identifier."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower() or "model"


def c_array(content: bytes, name: str) -> tuple[str, str]:
    """Source and header defining `g_<name>_data` and `g_<name>_size`."""
    word = identifier(name)
    rows = [
        "    " + " ".join(f"0x{byte:02x}," for byte in content[start : start + PER_LINE])
        for start in range(0, len(content), PER_LINE)
    ]
    digest = hashlib.sha256(content).hexdigest()
    about = f"// {in_a_line(name)}: {len(content)} bytes, SHA-256 {digest}."
    declarations = [
        f"extern const unsigned char g_{word}_data[{len(content)}];",
        f"extern const unsigned int g_{word}_size;",
    ]
    source = [
        about,
        "// Written by `hil c-array`.",
        *declarations,
        "",
        f"alignas(16) const unsigned char g_{word}_data[{len(content)}] = {{",
        *rows,
        "};",
        f"const unsigned int g_{word}_size = {len(content)};",
    ]
    header = [about, "// Written by `hil c-array`.", "#pragma once", "", *declarations]
    return "\n".join(source) + "\n", "\n".join(header) + "\n"
