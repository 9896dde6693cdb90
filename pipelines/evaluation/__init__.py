"""Evaluation: metrics of the variants' outputs against references, and paired statistics of their differences."""
