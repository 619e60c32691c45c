"""A run from its first test to its report: what is chosen, what is kept, what it comes to."""
