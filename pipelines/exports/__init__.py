"""Exports: the splits as a trainer, a hub or a service takes them, one file a layout and one registry."""
