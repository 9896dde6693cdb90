"""Find what is wrong with examples: scorers, conflicts, personal data, and one suggestion for each example."""
