"""Words, documents and templates of the suites about elections, as YAML."""
