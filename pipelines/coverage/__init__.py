"""Clusters of prompts, their titles, a map in two dimensions, and gaps against production."""
