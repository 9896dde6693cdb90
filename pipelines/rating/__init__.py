"""Rating: blind comparisons of two variants' outputs by people, win rates, side bias and agreement."""
