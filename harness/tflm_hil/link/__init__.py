"""The serial line between host and device: frames, messages, a window of requests in flight."""
