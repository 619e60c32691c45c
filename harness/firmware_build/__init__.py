"""CMake driver for the firmware: one call, cached by content (`harness.firmware_build.build`)."""
