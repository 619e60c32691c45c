"""What a run leaves behind: records, journal, JSON; and how reports are joined."""
