"""How many steps of time one inference of a variant takes, and how that is known.

    steps_of_variant(variant)      # Steps(28, StepBasis.FUSED); Steps(None) of a picture

The manifest may say so; else the graph does, and where nothing recurs in it that can be seen, the
Keras model does, if it has a recurrent layer.
"""

from __future__ import annotations

from functools import cache

from tflm_hil.models.tflite.layout import free_inputs, layout_of
from tflm_hil.models.tflite.time_axis import Steps, steps_of
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references.keras_config import has_recurrent_layer
from tflm_hil.vocabulary import StepBasis


@cache
def steps_of_variant(variant: Variant) -> Steps:
    """Raises as `Variant.inspection`."""
    if variant.declared_steps is not None:
        return Steps(variant.declared_steps or None, StepBasis.DECLARED)
    model = variant.inspection()
    shown = steps_of(variant.content(), model)
    if shown.count is not None or variant.keras is None:
        return shown
    if not has_recurrent_layer(variant.keras.path):
        return shown
    shapes = [model.inputs[number].shape for number in free_inputs(model)]
    rows = [shape[1] for shape in shapes if len(shape) > 2]
    return Steps(rows[0], StepBasis.KERAS) if rows else shown


def samples_are_steps(variant: Variant, samples: Samples) -> bool:
    """Whether outputs of a sequence come one after the other in time: several inferences, or steps
    within one.
    """
    size = layout_of(variant.inspection()).size
    return samples.inputs[0].size > size or steps_of_variant(variant).count is not None
