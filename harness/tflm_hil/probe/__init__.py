"""Flash and debug through the probe, by pyOCD."""
