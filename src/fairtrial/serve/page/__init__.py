"""The page at ``/chat``: its frame, style sheet and scripts.  What it shows it asks for, as any client does."""
