"""What pytest calls, behind the hooks of `tflm_hil.pytest_plugin`."""
