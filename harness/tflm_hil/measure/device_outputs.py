"""What the device put out, in the one shape that everything else takes.

The link brings one block of bytes a sequence: all outputs of a step, one behind the other, step by
step. Here they become `RungOutputs`, one for each output tensor, on the scales of desktop TFLM.
"""

from __future__ import annotations

from collections.abc import Sequence

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ComparisonError
from tflm_hil.link.messages import LoadedModel
from tflm_hil.models.tflite.blocks import Blocks


def device_outputs(
    blocks: Sequence[bytes], model: LoadedModel, like: Sequence[RungOutputs]
) -> tuple[RungOutputs, ...]:
    """Every output tensor of `model`, states included, from one block a sequence.

    `like` are desktop TFLM's, in the same order: types, shapes and scales. Raises ComparisonError
    if there are not as many sequences, or a block has another size than its outputs.
    """
    if len(blocks) != len(like[0]):
        raise ComparisonError(
            f"{len(blocks)} sequences from the device, not {len(like[0])}",
            remedy="run the references on the sequences that were streamed",
        )
    whole = _of_one_size(blocks, sum(item.stored[0].nbytes for item in like))
    outputs, start = [], 0
    for tensor, reference in zip(model.outputs, like, strict=True):
        own = whole.parts(model.output_bytes, start, start + tensor.bytes)
        start += tensor.bytes
        expected = reference.stored[0].nbytes
        if own.array.shape[1] != expected:
            raise _wrong_size(own.array.shape[1], expected)
        outputs.append(reference.holding(own.values(reference.stored)))
    return tuple(outputs)


def _of_one_size(blocks: Sequence[bytes], expected: int) -> Blocks:
    for block in () if isinstance(blocks, Blocks) else blocks:
        if len(block) != expected:
            raise _wrong_size(len(block), expected)
    whole = Blocks.of(blocks)
    if whole.array.shape[1] != expected:
        raise _wrong_size(whole.array.shape[1], expected)
    return whole


def _wrong_size(size: int, expected: int) -> ComparisonError:
    return ComparisonError(
        f"the device returned {size} bytes a sequence, not {expected}",
        remedy="check that the device and desktop TFLM run the same .tflite",
    )
