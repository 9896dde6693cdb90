"""Containers: how a file holds rows. One module a container (or a family); the registry imports them all."""
