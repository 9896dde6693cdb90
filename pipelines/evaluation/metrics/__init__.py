"""The metrics, one file each; importing this package registers every one of them.

Modules and what they cover:
    exact_match                                     every example
    json_valid, json_exact, field_accuracy          examples whose reference is a JSON object
    token_f1, rouge_l, bleu, chrf,                  the other examples
    embedding_similarity

Computed only where somebody asks for them:
    json_schema_valid                               examples whose reference is a JSON object
    normalised_match, rouge_1, rouge_2,             the other examples
    length_ratio, no_repetition, no_refusal,
    same_language
    numeric_match                                   those of them whose reference holds a number
    label_accuracy                                  those of them whose reference is one of a few labels
"""

import importlib
import pkgutil

from pipelines.evaluation.registry import METRICS, Metric, metric_named

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["METRICS", "Metric", "metric_named"]
