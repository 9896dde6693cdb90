"""How the tiny base model is made: a generated corpus, a tokenizer and a training loop, all of this folder."""
