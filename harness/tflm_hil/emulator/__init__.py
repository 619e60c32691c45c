"""The emulated board: a Unicorn core, its peripherals, and the strictness of silicon."""
