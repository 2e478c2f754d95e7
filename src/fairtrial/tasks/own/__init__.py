"""A file of one's own rows as a task: read, understood, and said back in one line before anything is asked."""
