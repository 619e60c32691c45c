"""The cell equations in double precision: NumPy, no framework."""
