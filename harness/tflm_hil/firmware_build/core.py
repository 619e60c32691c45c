"""The processor that a firmware is compiled for, as the compiler's flags say it.

    core = Core.from_flags("-mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard")
    core.architecture            # "v7E-M", as readelf names it
    core.make_arguments          # what upstream's make of TFLM has to be given

A board file states the flags as `firmware.core_flags`; a finished TFLM library must fit them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tflm_hil.errors import ConfigurationError

# GCC's -mcpu= -> Tag_CPU_arch of its objects, as readelf prints it (ABI for the Arm Architecture,
# "Addenda", 3.3.5.2).
_ARCHITECTURES = {
    "cortex-m3": "v7",
    "cortex-m4": "v7E-M",
    "cortex-m7": "v7E-M",
    "cortex-m33": "v8-M.mainline",
    "cortex-m55": "v8.1-M.mainline",
    "cortex-m85": "v8.1-M.mainline",
}
# GCC's -mfpu= -> what Tag_FP_arch begins with, and whether it has single precision only.
_UNITS = {
    "fpv4-sp-d16": ("VFPv4", True),
    "fpv5-sp-d16": ("FPv5", True),
    "fpv5-d16": ("FPv5", False),
}
_FLOAT_ABIS = ("hard", "softfp", "soft")


@dataclass(frozen=True)
class Core:
    """`name` and `fpu` as GCC spells them; `fpu` is empty for a core without one."""

    flags: str
    name: str
    fpu: str
    float_abi: str

    @classmethod
    def from_flags(cls, flags: str) -> Core:
        """Raises ConfigurationError for a core or FPU that is not known here."""
        name = _value(flags, "-mcpu")
        fpu = _value(flags, "-mfpu")
        float_abi = _value(flags, "-mfloat-abi") or "soft"
        for flag, value, known in (
            ("-mcpu", name, _ARCHITECTURES),
            ("-mfpu", fpu, {"", *_UNITS} if float_abi == "soft" else _UNITS),
            ("-mfloat-abi", float_abi, _FLOAT_ABIS),
        ):
            if value not in known:
                raise ConfigurationError(
                    f"{flag}={value} in {flags!r} is not known",
                    remedy=f"use one of: {', '.join(item for item in known if item)}",
                )
        return cls(flags, name, "" if float_abi == "soft" else fpu, float_abi)

    @property
    def architecture(self) -> str:
        """As readelf names it: "v7E-M"."""
        return _ARCHITECTURES[self.name]

    @property
    def unit(self) -> str:
        """What readelf's FP_arch begins with; empty without an FPU."""
        return _UNITS[self.fpu][0] if self.fpu else ""

    @property
    def single_precision(self) -> bool:
        """Whether the FPU has no double-precision instructions."""
        return bool(self.fpu) and _UNITS[self.fpu][1]

    @property
    def title(self) -> str:
        """For people: "Cortex-M7"."""
        return self.name.replace("cortex-m", "Cortex-M")

    @property
    def make_target(self) -> str:
        """TARGET_ARCH of upstream's make: "cortex-m7+fp"."""
        return f"TARGET_ARCH={self.name}{'+fp' if self.fpu else ''}"

    @property
    def make_arguments(self) -> str:
        """What upstream's make has to be given besides TARGET."""
        return f"{self.make_target} FPU={self.fpu}" if self.fpu else self.make_target


def _value(flags: str, name: str) -> str:
    option = re.search(rf"(?:^|\s){name}=(\S+)", flags)
    return option[1] if option else ""
