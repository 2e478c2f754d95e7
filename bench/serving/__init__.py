"""``fairtrial serve`` beside other servers of the same model, and its clients that leave."""
