"""Where firmware and models lie in a board's flash; the board file's table `[flash]`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FlashLayout:
    """Addresses as the debugger sees them, sizes in bytes.

    The model slot begins and ends at sectors of the chip (`probe.targets`), and the firmware's
    sectors are not among them: a slot is erased without a look at what lies beside it.
    """

    firmware_address: int
    firmware_bytes: int
    slot_address: int
    slot_bytes: int

    @property
    def firmware_end(self) -> int:
        """Address behind the firmware's flash."""
        return self.firmware_address + self.firmware_bytes

    @property
    def slot_end(self) -> int:
        """Address behind the model slot."""
        return self.slot_address + self.slot_bytes

    @property
    def overlaps(self) -> bool:
        """Whether firmware and models would share bytes."""
        return self.firmware_address < self.slot_end and self.slot_address < self.firmware_end
