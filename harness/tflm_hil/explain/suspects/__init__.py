"""The suspects: what a network would put out if a mistake had been made, mistake by mistake."""
