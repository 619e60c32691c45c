"""How others meet an emulated board: its process, tty and debug port, and the list of all."""
