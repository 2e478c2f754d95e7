"""Give every AI model a fair trial."""
