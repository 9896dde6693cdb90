"""Exact, near and semantic duplicates; verified pairs, guarded pairs, groups and their representative."""
