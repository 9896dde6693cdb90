"""One file a scorer; `pipelines.quality.registry.SCORERS` finds them."""
