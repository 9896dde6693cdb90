"""Refusals: the answer declines to do the task, or speaks of itself as a language model.

1: no refusal. 0: the answer opens with a refusal, or speaks of itself as a language model. An apology alone is none
("I'm sorry that the parcel is late"), nor is a polite no on a matter ("we cannot change the address after dispatch"):
a refusal declines to help, to answer, to comply, or names what the speaker is.

Languages: English, German, French, Spanish, Italian.
"""

import re

import polars as pl

from pipelines.quality.registry import Finding, ScoringContext, judged, rows_matching, scorer

_APOLOGY = (
    r"(?:(?:i['’]?m|i am|we are|we['’]re)?\s*(?:very |so |truly |really )?(?:sorry|afraid)|i apologi[sz]e|"
    r"my apologies|apologies|unfortunately)"
)
_CANNOT = (
    r"(?:can ?not|can['’]?t|could not|couldn['’]?t|won['’]?t|will not|(?:am|['’]m|are|['’]re)? ?(?:not able|unable|"
    r"not allowed|not permitted|not comfortable|not in a position)(?: to| with)?|must decline(?: to)?|"
    r"have to decline(?: to)?|do not feel comfortable|don['’]?t feel comfortable)"
)
_VERB = (
    r"(?:help(?:ing)?(?: you)?(?: out)?(?: with| here| on)?|assist(?:ing)?(?: you)?(?: with| in)?|answer(?:ing)?|"
    r"respond(?:ing)?|comply|complying|fulfil+(?:ing)?|provid(?:e|ing)|do (?:that|this)|complet(?:e|ing)|"
    r"process(?:ing)? (?:this|that|your) (?:request|task|prompt|instruction)|engage|participate|generat(?:e|ing)|"
    r"perform(?:ing)?|continue with|discuss)"
)
_OBJECT = (
    r"(?:\s*[.!,]|\s*$|[^.!?\n]{0,40}\b(?:this|that|it|these|those|your|the|such|any) ?(?:kind of |type of |"
    r"sort of |particular |specific )?(?:request|question|task|prompt|instruction|topic|query|inquiry|content|"
    r"information|that|this|matter|message|ticket|one)\b|\s*(?:that|this|you)\s*[.!,])"
)

MODEL = (
    r"\b(?:as|being) an? (?:ai|artificial intelligence|(?:large )?language model|llm|virtual assistant|chatbot|"
    r"text-based)\b|\bi(?:['’]m| am) (?:just |only |merely |simply )?an? (?:ai|artificial intelligence|"
    r"(?:large )?language model|llm|chatbot)\b|\b(?:ai )?language model,? (?:i|and) |\bmy (?:training data|"
    r"knowledge cut-?off|programming|guidelines)\b.{0,40}\b(?:does|do|allow|prevent|only|not)"
)
DECLINE = (
    rf"(?:{_APOLOGY}[,.]?\s*(?:but\s*)?(?:that\s*)?)?\b(?:i|we)\s*(?:really |simply |"
    rf"just )?{_CANNOT}\s*{_VERB}\b{_OBJECT}"
)
POLICY = (
    r"\b(?:against|violates?|violating|not in line with|outside) (?:my|our|the) (?:content |usage |use |safety |"
    r"ethical )?(?:polic(?:y|ies)|guidelines?|programming)|^\s*(?:sorry,? )?(?:no comment|i refuse|i decline|"
    r"i['’]d rather not|i would rather not|i['’]d prefer not|i must refuse)\b"
)
OTHER = (
    r"\bals (?:ki|künstliche intelligenz|sprachmodell|ki-modell|ki-assistent)\b|\bich (?:kann|darf|"
    r"möchte) (?:ihnen |dir )?(?:dabei|bei dieser anfrage|diese (?:anfrage|frage)|das) (?:leider )?nicht (?:helfen|"
    r"weiterhelfen|beantworten|unterstützen|erfüllen)|\ben tant qu['’](?:ia|intelligence|modèle|assistant)|"
    r"\bje ne (?:peux|puis) pas (?:vous aider|répondre|t['’]aider|traiter cette)|\bcomo (?:una? )?(?:ia|"
    r"inteligencia artificial|modelo de lenguaje)\b|\bno puedo (?:ayudar|responder|cumplir|procesar esta)|"
    r"\bin quanto (?:ia|intelligenza|modello)|\bnon posso (?:aiutar|rispondere)"
)

# A refusal opens an answer; beyond these characters the same words are about something else.
OPENING = 220


@scorer(
    name="refusal",
    title="Refusal",
    dimension="correct",
    suggests="drop",
    alone=True,
    description="The answer declines to help, or speaks of itself as a language model.",
)
def score_refusal(examples: pl.DataFrame, context: ScoringContext) -> pl.DataFrame:
    """Find refusals at the beginning of answers."""
    opening = examples["completion"].str.slice(0, OPENING)
    pattern = f"(?i){MODEL}|{DECLINE}|{POLICY}|{OTHER}"
    search = re.compile(pattern).search
    findings = []
    for row in rows_matching(opening, pattern):
        found = search(opening[row])
        if found is not None:
            said = " ".join(found.group(0).split())
            findings.append(Finding(row, 0.0, f"The answer refuses: '{said}'.", *found.span()))
    return judged(examples, findings)
