"""Stages over shard files, for data that does not fit into memory: the same functions on this machine or on Ray."""
