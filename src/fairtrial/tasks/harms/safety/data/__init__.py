"""What this family asks, as YAML."""
