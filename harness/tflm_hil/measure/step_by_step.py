"""What there is to compare of a model that runs step by step, besides its ladder.

The device streams all outputs of a step, one behind the other. The ladder takes the first of
them; and where Keras gives only the last step of a sequence, the other rungs' last steps. All the
other steps, and the states at every step, are here held against desktop TFLM.
"""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.comparison.limits import Limit as DeviceLimit
from tflm_hil.comparison.metrics import compare
from tflm_hil.link.messages import LoadedModel
from tflm_hil.models.tflite.blocks import Blocks
from tflm_hil.references import References
from tflm_hil.report.records import Limit, Measurement


def by_output(blocks: Sequence[bytes], model: LoadedModel) -> list[Blocks]:
    """The blocks of every output tensor, one a sequence, all steps one behind the other."""
    whole = Blocks.of(blocks)
    found = []
    start = 0
    for tensor in model.outputs:
        found.append(whole.parts(model.output_bytes, start, start + tensor.bytes))
        start += tensor.bytes
    return found


def every_step(
    blocks: Sequence[bytes],
    model: LoadedModel,
    references: References,
    limits: Sequence[DeviceLimit] = (),
) -> tuple[Measurement, ...]:
    """Device against desktop TFLM at every step: all outputs, and each state that is fed back.

    Integers must be equal. Floats of a further output are held to the `limits` that the first one
    has in the ladder; of a state they are only told how far they are apart. Nothing for a model of
    one output whose states the device does not feed back: the ladder has it all.
    """
    if len(model.outputs) == 1:
        return ()
    first_state = len(model.outputs) - len(model.states)
    measurements = []
    for number, (tensor, own) in enumerate(
        zip(model.outputs, by_output(blocks, model), strict=True)
    ):
        kind = "state" if number >= first_state else "output"
        name = f"device.{kind}.{tensor.index}"
        device = references.device_outputs(own, number)
        # by framework: Keras has no states among its outputs
        wheel = references.references["tflm"].tensors[number].outputs()
        found = compare(device, wheel)
        if device.integer:
            measurements.append(
                Measurement(f"{name}.differing", found.differing, "values", Limit("<=", 0))
            )
        elif kind == "output" and number > 0:
            measurements += [
                Measurement(f"{name}.{limit.measure}", getattr(found, limit.measure), "", own_limit)
                for limit, own_limit in _of_floats(limits)
            ]
        else:
            measurements.append(Measurement(f"{name}.max_abs", found.max_abs, ""))
    return tuple(measurements)


def worst_sequence(blocks: Sequence[bytes], model: LoadedModel, references: References) -> int:
    """The sequence in which the device is furthest from desktop TFLM: in the first of its outputs
    and states that has one. 0 if all are equal.
    """
    for number, own in enumerate(by_output(blocks, model)):
        wheel = references.references["tflm"].tensors[number].outputs()
        worst = compare(references.device_outputs(own, number), wheel).worst
        if worst is not None:
            return worst[0]
    return 0


def _of_floats(limits: Sequence[DeviceLimit]) -> list[tuple[DeviceLimit, Limit]]:
    return [
        (limit, Limit("<=", limit.maximum))
        for limit in limits
        if limit.rung == "device"
        and limit.measure in ("max_abs", "max_rel")
        and limit.maximum is not None
    ]
