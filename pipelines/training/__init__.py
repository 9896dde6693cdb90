"""Training: settings and defaults, token-level preflight, the trainer."""
