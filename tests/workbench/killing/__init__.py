"""Killing a process that works on a project, again and again, and checking what is left (see `kills.py`)."""
