"""Layers that look at windows of steps: convolution, pooling, padding, cropping, repetition.

Formulas: Keras 3 documentation of the layers named; `same` pads so that n steps at a stride of s
give n/s, rounded up, the odd one of the padding behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tflm_hil.references.equations.cells import Array
from tflm_hil.references.equations.description import Described
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle

Function = Callable[[Array], Array]


def one_of(setting: object) -> int:
    """The number of a setting that Keras keeps as a number or as a list of one."""
    return int(setting[0] if isinstance(setting, list | tuple) else str(setting))


def needs(layer: Described, setting: str, *allowed: object) -> None:
    """Raise NotExpressible unless a setting has one of these values (or is not there)."""
    value = layer.config.get(setting, allowed[0])
    if value not in allowed:
        raise NotExpressible(Obstacle.SETTING, layer.name, f"{setting}={value!r}")


def convolution(layer: Described) -> Function:
    """Conv1D without its activation: `[N, T, features]` → `[N, T', filters]`."""
    needs(layer, "data_format", "channels_last")
    needs(layer, "padding", "valid", "same", "causal")
    config, kernel = layer.config, layer.weights["kernel"]
    stride, apart, groups = (one_of(config[n]) for n in ("strides", "dilation_rate", "groups"))
    reach = (len(kernel) - 1) * apart
    bias = layer.weights.get("bias", np.zeros(kernel.shape[-1]))

    def function(x: Array) -> Array:
        if config["padding"] == "causal":
            x = np.pad(x, ((0, 0), (reach, 0), (0, 0)))
        elif config["padding"] == "same":
            x = _padded(x, reach + 1, stride, 0.0)
        starts = np.arange(0, x.shape[1] - reach, stride)
        inputs = np.split(x, groups, axis=2)
        kernels = np.split(kernel, groups, axis=2)
        products = [
            sum(part[:, starts + tap * apart] @ weights[tap] for tap in range(len(kernel)))
            for part, weights in zip(inputs, kernels, strict=True)
        ]
        joined: Array = np.concatenate(products, axis=2) + bias
        return joined

    return function


def _padded(x: Array, reach: int, stride: int, value: float) -> Array:
    missing = max((-(-x.shape[1] // stride) - 1) * stride + reach - x.shape[1], 0)
    ends = (missing // 2, missing - missing // 2)
    return np.pad(x, ((0, 0), ends, (0, 0)), constant_values=value)


POOLING: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    # of windows [N, T', features, width]; what was padded is NaN and does not count
    "AveragePooling1D": lambda windows: np.nanmean(windows, axis=-1),
    "MaxPooling1D": lambda windows: np.nanmax(windows, axis=-1),
}


def pooling(layer: Described) -> Function:
    """Mean or largest of each window of steps."""
    needs(layer, "data_format", "channels_last")
    needs(layer, "padding", "valid", "same")
    width, stride = one_of(layer.config["pool_size"]), one_of(layer.config["strides"])
    of_windows = POOLING[layer.kind]

    def function(x: Array) -> Array:
        if layer.config["padding"] == "same":
            x = _padded(x, width, stride, np.nan)
        windows = np.lib.stride_tricks.sliding_window_view(x, width, axis=1)
        return of_windows(windows[:, ::stride])

    return function


def padding(layer: Described) -> Function:
    """Zeros before the first step and behind the last."""
    needs(layer, "data_format", "channels_last")
    front, back = layer.config["padding"]
    return lambda x: np.pad(x, ((0, 0), (front, back), (0, 0)))


def cropping(layer: Described) -> Function:
    """Drop steps at the front and at the back."""
    front, back = layer.config["cropping"]
    return lambda x: x[:, front : x.shape[1] - back]


def up_sampling(layer: Described) -> Function:
    """Every step several times."""
    times = one_of(layer.config["size"])
    return lambda x: np.repeat(x, times, axis=1)
