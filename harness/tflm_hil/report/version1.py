"""Reports of schema 1, turned into records of today.

They had verdict, drift and incidents as sentences: those are kept as they are and shown again
(`LegacyTexts`). Numbers are taken over one by one. Nothing else in the project reads a sentence.
"""

from __future__ import annotations

import re
from typing import Any

from tflm_hil.report.judgement import Scope
from tflm_hil.report.records import SCHEMA as TODAY
from tflm_hil.report.records import Recovery
from tflm_hil.vocabulary import MEASURES, Measure, RungName

SCHEMA = "tflm-hil/report-1"

Plain = dict[str, Any]

_OF_A_TENSOR = re.compile(r"device\.(output|state)\.(\d+)\.(\w+)")
_PLACE = re.compile(r"(pc|lr) (0x[0-9a-f]+)  (.*)")
_REGISTER = re.compile(r"(\w+) (0x[0-9a-f]+)")
_REQUEST = re.compile(r"while executing the request '(\w+)' number (\d+)")


def as_today(plain: Plain) -> Plain:
    """The report as this version would have written it. Raises KeyError, TypeError, ValueError."""
    return {
        **plain,
        "schema": TODAY,
        "variants": [_variant(item) for item in plain["variants"]],
        "incidents": [_incident(item) for item in plain["incidents"]],
        "errors": [_error(item) for item in plain["errors"]],
    }


def _variant(old: Plain) -> Plain:
    legacy = {
        "sentence": old.get("sentence", ""),
        "entered": old.get("verdict_rung") or None,
        "drift": old.get("drift", []),
    }
    error = old.get("error")
    return {
        **old,
        "task": old.get("task") or None,
        "rungs": [{**rung, "against": rung.get("against") or None} for rung in old["rungs"]],
        "measurements": [
            kept for item in old["measurements"] if (kept := _measurement(item)) is not None
        ],
        "error": None if error is None else _error(error),
        "legacy": legacy,
        "drift": [],
        "long_run": _long_link(old.get("long_link")),
    }


def _long_link(link: Plain | None) -> Plain | None:
    """Of the long run only its cost on the line is known as numbers."""
    if link is None:
        return None
    nothing = ("invokes", "rows", "differing", "values")
    absent = ("from_keras", "chaos", "forced", "descent")
    return {
        **dict.fromkeys(nothing, 0),
        **dict.fromkeys(absent),
        "integer": False,
        "drifts": [],
        "without_keras": "",
        "states": [],
        "link": link,
    }


def _measurement(old: Plain) -> Plain | None:
    """None for a name that no measure has."""
    subject = _subject(old["name"])
    if subject is None:
        return None
    not_judged = re.fullmatch(r"on (\d+) of (\d+) sequences", old.get("not_judged", ""))
    part = None
    if not_judged is not None:
        part = {"sequences": int(not_judged[1]), "of": int(not_judged[2])}
    limit = old["limit"]
    if limit is not None:
        end = "maximum" if limit["relation"] == "<=" else "minimum"
        rung = subject.get("rung", RungName.DEVICE)
        limit = {"rung": rung, "measure": subject["measure"], end: limit["bound"]}
    return {
        "value": old["value"],
        "modelled": old.get("modelled", ""),
        "limit": limit,
        "not_judged": part,
        **subject,
    }


def _subject(name: str) -> Plain | None:
    """What a number is of, from its dotted name."""
    device = {"rung": RungName.DEVICE}
    known = {
        "drift.differing": {"measure": Measure.DIFFERING, "scope": Scope.LONG_RUN},
        "drift.excess": {"measure": Measure.EXCESS, "scope": Scope.LONG_RUN},
        "drift.device_keras.max_abs": {
            "measure": Measure.MAX_ABS,
            "scope": Scope.LONG_RUN,
            "against": RungName.KERAS,
        },
        "forced.differing": {"measure": Measure.DIFFERING, "scope": Scope.FORCED},
        "forced.max_abs": {"measure": Measure.MAX_SHARE, "scope": Scope.FORCED},
    }
    if name in known:
        return {**device, **known[name]}
    if match := _OF_A_TENSOR.fullmatch(name):
        return {**device, "scope": match[1], "tensor": int(match[2]), "measure": match[3]}
    rung, _, measure = name.partition(".")
    if rung in set(RungName) and measure in set(MEASURES):
        return {"rung": rung, "measure": measure}
    return {"measure": name} if name in set(MEASURES) else None


def _incident(old: Plain) -> Plain:
    sentence = old.get("recovery", "")
    recovery = {"outcome": Recovery.NOT_NEEDED, "why": sentence}
    return {**old, "error": _error(old["error"]), "recovery": recovery}


def _error(old: Plain) -> Plain:
    fault = _fault(old.get("details", []))
    return old if fault is None else {**old, "details": [], "fault": fault}


def _fault(lines: list[str]) -> Plain | None:
    """The registers out of the lines of a fault; None if the lines are about something else."""
    places = {match[1]: match for line in lines if (match := _PLACE.fullmatch(line))}
    request = next((match for line in lines if (match := _REQUEST.fullmatch(line))), None)
    if places.keys() != {"pc", "lr"} or request is None:
        return None
    values = {
        name: int(value, 16)
        for line in lines
        if not _PLACE.fullmatch(line)
        for name, value in _REGISTER.findall(line)
    }
    return {
        "pc": {"address": int(places["pc"][2], 16), "source": places["pc"][3]},
        "call": {"address": int(places["lr"][2], 16), "source": places["lr"][3]},
        "registers": [values[f"r{number}"] for number in range(13)],
        **{name: values[name] for name in ("sp", "xpsr", "exc_return")},
        **{name: values[name.upper()] for name in ("cfsr", "hfsr", "mmfar", "bfar")},
        "address": None,
        "request": request[1],
        "request_number": int(request[2]),
    }
