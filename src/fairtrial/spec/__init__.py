"""What a user writes: candidate and trial files."""
