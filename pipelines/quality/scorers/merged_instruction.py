r"""A further instruction inside the answer: the text ran on into the next task or the next speaker's turn.

1: one answer. 0: what follows is another task or turn: "18. Instruction:", "### Input:", "Human:", a chat
template's own marks (`<|im_start|>`, `[INST]`), or a numbered list that
restarts as another subject ("##" and a new number).

Source: the class "merged instructions" of gururise/AlpacaDataCleaned.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

MERGED = (
    r"(?im)^[ \t#*\d.]{0,8}(instruction|task)s?\s*\d*\s*:.*\n(.*\n){0,4}?[ \t#*\d.]{0,8}(input|output|response|"
    r"answer)\s*:|"
    r"^[ \t]*\d+\.[ \t]*(instruction|input|output)[ \t]*:|^[ \t]*#{2,}[ \t]*(instruction|input|response|"
    r"output)s?\b[ \t]*:?|"
    r"\n[ \t]*#{2,}[ \t]*\n+[ \t]*\d+[.)]|<\|(im_start|im_end|user|assistant|system|eot_id|start_header_id|"
    r"endoftext)\|>|"
    r"\[/?INST\]|<</?SYS>>|</?s>\s*(\[|$)|<(start|end)_of_turn>"
)
TURN = r"(?im)\n[ \t]*(human|user|assistant|customer)[ \t]*:[ \t]*\S"
# An answer that is a dialogue has been asked for, or opens with a speaker itself.
DIALOGUE = (
    r"(?i)\b(dialog|conversation|chat|script|interview|scenario|role.?play|transcript|exchange|instruction|prompt|task)"
)
SPEAKER = r"^\W*[\w ]{1,30}:"


@scorer(
    name="merged_instruction",
    title="Another instruction in the answer",
    dimension="format",
    suggests="drop",
    alone=True,
    description="The answer runs on into another instruction, or holds marks of a chat template.",
)
def score_merged_instruction(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find answers that run on into the next instruction or turn."""
    search = re.compile(MERGED).search
    turn = re.compile(TURN).search
    findings = []
    for row in rows_matching(examples["completion"], f"{MERGED}|{TURN}"):
        text = examples["completion"][row]
        found = search(text)
        if found is None and not re.search(DIALOGUE, examples["prompt"][row]) and not re.search(SPEAKER, text):
            found = turn(text)
        if found is not None:
            said = " ".join(found.group(0).split())[:60]
            findings.append(Finding(row, 0.0, f"Another instruction or turn begins: '{said}'.", *found.span()))
    return judged(examples, findings)
