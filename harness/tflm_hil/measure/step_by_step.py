"""What there is to compare of a model that runs step by step, besides its ladder.

The ladder takes the first output; and where Keras gives only the last step of a sequence, the other
rungs' last steps. All the other steps, and the states at every step, are here held against desktop
TFLM.
"""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.comparison.metrics import compare, nonfinite
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.link.messages import LoadedModel
from tflm_hil.report.judgement import Limit, Measurement, Scope
from tflm_hil.vocabulary import Measure, RungName

EQUAL = Limit(RungName.DEVICE, Measure.DIFFERING, maximum=0)
OF_FLOATS = (Measure.MAX_ABS, Measure.MAX_REL)


def every_step(
    device: Sequence[RungOutputs],
    wheel: Sequence[RungOutputs],
    model: LoadedModel,
    limits: Sequence[Limit] = (),
) -> tuple[Measurement, ...]:
    """Device against desktop TFLM at every step: all outputs, and each state that is fed back.

    Integers must be equal. Floats of a further output are held to the `limits` that the first one
    has in the ladder; of a state the distance is only recorded. Nothing for a model of
    one output whose states the device does not feed back: the ladder has it all.
    """
    if len(model.outputs) == 1:
        return ()
    first_state = len(model.outputs) - len(model.states)
    measurements: list[Measurement] = []
    for number, (tensor, own, theirs) in enumerate(zip(model.outputs, device, wheel, strict=True)):
        scope = Scope.STATE if number >= first_state else Scope.OUTPUT
        rung = compare(own, theirs)
        checks: list[tuple[Measure, Limit | None]]
        if own.integer:
            checks = [(Measure.DIFFERING, EQUAL)]
        elif scope is Scope.OUTPUT and number > 0:
            checks = [(limit.measure, limit) for limit in limits if _bounds_floats(limit)]
        else:
            checks = [(Measure.MAX_ABS, None)]
        for rung_name, outputs in ((RungName.TFLM, theirs), (RungName.DEVICE, own)):
            lost = nonfinite(outputs.stored)
            if lost and (number > 0 or scope is Scope.STATE):  # the ladder has the first output
                finite = Limit(rung_name, Measure.NONFINITE, maximum=0)
                measurements.append(
                    Measurement(finite.measure, lost, rung_name, scope, tensor.index, limit=finite)
                )
        for measure, limit in checks:
            value = rung.measured(measure)
            assert value is not None
            measurements.append(
                Measurement(measure, value, rung.name, scope, tensor.index, limit=limit)
            )
    return tuple(measurements)


def worst_sequence(device: Sequence[RungOutputs], wheel: Sequence[RungOutputs]) -> int:
    """The sequence in which the device is furthest from desktop TFLM: in the first of its outputs
    and states that has one. 0 if all are equal.
    """
    for own, theirs in zip(device, wheel, strict=True):
        worst = compare(own, theirs).worst
        if worst is not None:
            return worst[0]
    return 0


def _bounds_floats(limit: Limit) -> bool:
    return (
        limit.rung is RungName.DEVICE and limit.measure in OF_FLOATS and limit.maximum is not None
    )
