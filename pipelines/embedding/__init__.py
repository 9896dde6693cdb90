"""Vectors of texts: the encoder protocol, the bundled encoder, and a cache so that no text is encoded twice."""
