"""One board with the firmware under test on it, kept in working order."""
