"""What of licensed texts stands in an answer: quotations, and words repeated without being marked as such."""
