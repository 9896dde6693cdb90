"""Generation: local models with or without an adapter, few-shot prompting."""
