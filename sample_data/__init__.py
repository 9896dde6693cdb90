"""The sample data set with its planted faults, and the tiny base model that is trained on it in the demo."""
