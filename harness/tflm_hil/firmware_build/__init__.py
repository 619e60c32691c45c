"""From firmware sources to an ELF whose build-id is known."""
