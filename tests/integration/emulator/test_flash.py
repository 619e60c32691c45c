"""The flash array and its controller, driven by the core."""

from __future__ import annotations

from tests.support.bare_metal import MakeBoard

LOCK = 1 << 31
PGPERR, ERSERR = 1 << 6, 1 << 7


def test_unlock_erase_program_read_back(board: MakeBoard) -> None:
    flashing = board("flash_program")
    flashing.machine.memory.flash[0x80000:0x80004] = b"\0\0\0\0"
    flashing.run(0)
    before, after, erased, programmed, anded, status, itcm = flashing.outs(7)
    assert before & LOCK
    assert not after & LOCK
    assert erased == 0xFFFFFFFF
    assert programmed == 0x12345678
    assert anded == itcm == 0x12345678 & 0x0F0F0F0F
    assert status == 0
    assert flashing.out(30) == 0x307
    assert flashing.rules() == {"flash-not-erased"}


def test_erasing_takes_virtual_time_and_little_of_ours(board: MakeBoard) -> None:
    flashing = board("flash_program")
    flashing.run(0)
    assert flashing.machine.cycles > 2 * 16_000_000  # two seconds for 256 KB
    with flashing.machine.paused():
        report = flashing.machine.report()
    assert report["instructions"] < 10_000
    assert report["virtual_seconds"] > 2


def test_a_store_to_locked_flash_changes_nothing_and_is_found(board: MakeBoard) -> None:
    locked = board("flash_program")
    locked.run(1)
    word, status, control = locked.outs(3)
    assert word == 0xFFFFFFFF
    assert status == ERSERR
    assert control == LOCK
    assert locked.rules() == {"flash-locked", "flash-control-locked"}
    first = locked.machine.findings.as_json()[0]
    assert first["pc"] & ~1 in range(0x08000000, 0x08010000)
    assert "0x08080000" in first["sentence"]


def test_a_store_of_the_wrong_width_is_refused(board: MakeBoard) -> None:
    wrong = board("flash_program")
    wrong.run(2)
    assert wrong.outs(3) == [0xFFFFFFFF, PGPERR, 0]
    assert wrong.rules() == {"flash-program-size"}


def test_a_wrong_key_is_a_bus_error_and_locks_until_reset(board: MakeBoard) -> None:
    wrong = board("flash_program")
    wrong.run(3)
    assert wrong.out(10) == 0x8200
    assert wrong.out(11) == 0x40023C04
    assert "flash-wrong-key" in wrong.rules()


def test_new_code_in_flash_is_what_runs(board: MakeBoard) -> None:
    modifying = board("flash_program")
    modifying.run(4)
    assert modifying.outs(2) == [127, 85]
