"""A run: configuration, the bench with its board, measuring a variant, and what is left of it."""
