"""Readers of sources: files of conversations, instructions, preferences or plain text, and archives of documents."""
