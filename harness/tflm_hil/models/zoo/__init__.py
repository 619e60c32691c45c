"""Which models there are, with their manifests and samples."""
