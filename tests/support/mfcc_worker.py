"""Mel-frequency cepstral coefficients by TensorFlow's signal library: an independent opinion."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tflm_hil.worker import Arrays, serve


def handle(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """`waveform` with the parameters of the request; answers `mel` and `mfcc`."""
    wave = tf.constant(arrays["waveform"], tf.float64)
    emphasised = tf.concat([wave[:1], wave[1:] - request["pre_emphasis"] * wave[:-1]], axis=0)
    spectrum = tf.signal.stft(
        emphasised,
        request["frame"],
        request["hop"],
        fft_length=request["frame"],
        window_fn=lambda length, dtype: tf.signal.hamming_window(
            length, periodic=False, dtype=dtype
        ),
    )
    weights = tf.signal.linear_to_mel_weight_matrix(
        request["filters"],
        request["frame"] // 2 + 1,
        request["rate_hz"],
        request["low_hz"],
        request["high_hz"],
        dtype=tf.float64,
    )
    mel = tf.math.log(tf.abs(spectrum) ** 2 @ weights + request["floor"])
    mfcc = tf.signal.mfccs_from_log_mel_spectrograms(mel)[..., : request["coefficients"]]
    return {}, {"mel": weights.numpy(), "mfcc": mfcc.numpy()}


if __name__ == "__main__":
    serve(handle)
