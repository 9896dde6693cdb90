"""Layouts: what one tool takes. One module a tool; the registry imports them all."""
