"""Advice: is fine-tuning the right tool, is the data enough, and does it pay."""
