"""Which Keras layers are of which kind: one table for the exports and for the equations.

Names are those of Keras' classes (Keras 3 documentation, "Layers"). No framework is imported here.
"""

from __future__ import annotations

CELLS = frozenset({"SimpleRNN", "GRU", "LSTM"})
"""Recurrent layers with a cell of Keras' own; the class of the cell itself ends with `Cell`."""

RECURRENT = CELLS | {"RNN"}
"""`RNN` runs any cell."""

IDLE = frozenset(
    {
        "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise",
        "Identity", "SpatialDropout1D",
    }
)  # fmt: skip
"""Layers that do nothing outside of training."""

POINTWISE = IDLE | frozenset(
    {
        "Activation", "BatchNormalization", "Dense", "ELU", "LayerNormalization", "LeakyReLU",
        "Normalization", "PReLU", "ReLU", "Rescaling", "Softmax",
    }
)  # fmt: skip
"""Layers that act on every step by itself."""
