"""What a person types: `hil` and its subcommands, one module each."""
