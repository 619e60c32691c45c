"""Which boards there are, where they are attached, and who holds one."""
