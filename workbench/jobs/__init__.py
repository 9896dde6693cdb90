"""Detached jobs: start, watch, cancel, resume; and tasks inside the app's own process."""
