"""The metrics, one file each; importing this package registers every one of them.

Modules and what they cover:
    exact_match                                     every example
    json_valid, json_exact, field_accuracy          examples whose reference is a JSON object
    token_f1, rouge_l, bleu, chrf,                  the other examples
    embedding_similarity
"""

import importlib
import pkgutil

from pipelines.evaluation.registry import METRICS, Metric, metric_named

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["METRICS", "Metric", "metric_named"]
