"""The emulated board's outer side: its process, tty, probe socket and registry."""
