"""Models on the desktop: manifests, conversion, inspection, quantisation, slot packing."""
