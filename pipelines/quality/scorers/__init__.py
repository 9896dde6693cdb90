"""One file a scorer; `pipelines.quality.registry.all_scorers` finds them."""
