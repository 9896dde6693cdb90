"""Where the sample data and the embedded base model are: beside the code, in a checkout as in an installed wheel."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "sample_data"
TRAIN = FOLDER / "train.jsonl"
PRODUCTION = FOLDER / "production.jsonl"
GENERAL = FOLDER / "general.jsonl"
BASE_MODEL = FOLDER / "base_model"
