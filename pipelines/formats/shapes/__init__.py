"""Shapes: how one row holds a conversation. One module a shape; the registry imports them all."""
