"""A summary of risks of one candidate for readers who are no engineers: one page, its evidence behind it, and JSON."""
