"""Records as a person sees them: terminal, Markdown, HTML."""
