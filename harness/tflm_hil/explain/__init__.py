"""Why a variant differs: the operator that makes the error, and the mistake behind it."""
