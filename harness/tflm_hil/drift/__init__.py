"""How the error moves over a thousand steps without a reset."""
