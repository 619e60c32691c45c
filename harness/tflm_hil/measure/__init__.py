"""One variant measured: streamed through the device, timed, compared with its references."""
