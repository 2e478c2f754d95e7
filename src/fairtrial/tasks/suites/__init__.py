"""The project's own suites: cards, levels, templates and words of the procedural tasks, as YAML and nothing else."""
