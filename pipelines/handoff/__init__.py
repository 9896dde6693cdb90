"""Hand-off: what serves or distributes a tuned model."""
