"""The model slot: how models lie in the board's flash."""
