"""What a `.keras` file says of itself, read without TensorFlow."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONFIG = "config.json"


def is_stateful(path: Path) -> bool:
    """Whether a layer of the model is stateful: the next call starts with the states of this one.

    False for a file that is no Keras archive; who loads it will say so.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(CONFIG))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return False
    return any(node.get("stateful") is True for node in _nodes(config))


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every table of a configuration."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)
