from tflm_hil.bench.stored_models import StoredModels
from tflm_hil.models.slot.slot import SlotEntry

SLOT_BYTES = 0x80000
OLD, NEW = SlotEntry("old", b"old" * 100), SlotEntry("new", b"new" * 100)
HUGE = SlotEntry("huge", bytes(SLOT_BYTES - 200))


def test_what_is_there_is_not_missing() -> None:
    stored = StoredModels(SLOT_BYTES)
    assert stored.missing([OLD, NEW]) == [OLD, NEW]
    stored.add([OLD])
    assert stored.missing([OLD, NEW]) == [NEW]


def test_old_models_go_along_while_there_is_room() -> None:
    stored = StoredModels(SLOT_BYTES)
    stored.add([OLD])
    assert stored.along_with([NEW]) == [OLD, NEW]
    assert stored.along_with([HUGE]) == [HUGE]


def test_erasing_takes_everything_else_away() -> None:
    stored = StoredModels(SLOT_BYTES)
    stored.add([OLD])
    stored.add([NEW], erased=True)
    assert stored.missing([OLD, NEW]) == [OLD]
    stored.forget()
    assert stored.missing([NEW]) == [NEW]


def test_another_aux_is_another_entry() -> None:
    stored = StoredModels(SLOT_BYTES)
    stored.add([OLD])
    with_states = SlotEntry(OLD.name, OLD.data, b"aux!")
    assert stored.missing([with_states]) == [with_states]
    assert stored.along_with([with_states]) == [with_states], "it takes the other one's place"
