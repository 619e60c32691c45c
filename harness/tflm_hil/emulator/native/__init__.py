"""The C helper beside Unicorn: block hook, breakpoints, flash stores."""
