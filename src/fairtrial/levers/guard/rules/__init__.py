"""Rules by category, as readable YAML beside the code, and what makes patterns of them."""
