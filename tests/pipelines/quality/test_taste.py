"""The reviewer's taste: against scikit-learn, statsmodels and simulated reviewers whose taste is known."""

import numpy as np
import polars as pl
import pytest

from pipelines.errors import CurationError
from pipelines.examples import examples_frame
from pipelines.quality.calibration import auc_interval, calibration_error, reliability_table, share_interval
from pipelines.quality.logistic import fit_logistic
from pipelines.quality.taste import (
    BETTER,
    CHANCE,
    DECISIONS,
    EVERYBODY,
    ONE_SIDED,
    TOO_FEW,
    learn_taste,
    taste_scores,
)
from pipelines.quality.taste_features import TasteFeatures, shaped, taste_features
from pipelines.quality.taste_reasons import nearest_decided, taste_reasons

ROWS = 600
NO_SCORES = pl.DataFrame(schema={"example_id": pl.String, "scorer": pl.String, "score": pl.Float64})


def chat(prompt: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


@pytest.fixture(scope="module")
def features() -> TasteFeatures:
    """Half of the answers shout in capitals; the vectors carry nothing but noise."""
    random = np.random.default_rng(0)
    words = ["order", "parcel", "invoice", "return", "refund", "delivery", "address", "account"]
    conversations = []
    for row in range(ROWS):
        answer = " ".join(random.choice(words, 12)) + f" {row}."
        conversations.append(chat(f"Where is my {random.choice(words)} {row}?", answer.upper() if row % 2 else answer))
    vectors = random.normal(size=(2, ROWS, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return taste_features(
        examples_frame(conversations), NO_SCORES, prompt_vectors=vectors[0], completion_vectors=vectors[1]
    )


def shouts(features: TasteFeatures) -> np.ndarray:
    return features.named[:, features.names.index("capital letters in the answer")] > 0


def decisions(
    features: TasteFeatures, rows: np.ndarray, kept: np.ndarray, *, reviewer: str = "ada", random: bool = True
) -> pl.DataFrame:
    return pl.DataFrame(
        {"example_id": features.example_ids.gather(rows), "reviewer": reviewer, "kept": kept, "random": random},
        schema=DECISIONS,
    )


def test_the_regression_is_that_of_scikit_learn_over_dense_and_sparse_blocks() -> None:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(1)
    dense = random.normal(size=(200, 7)).astype(np.float32)
    sparse = (random.random((200, 30)) * (random.random((200, 30)) < 0.1)).astype(np.float32)
    labels = dense[:, 0] + sparse[:, 0] * 3 + random.normal(size=200) > 0.3
    mine = fit_logistic([dense, csr_matrix(sparse)], labels, 0.5)
    theirs = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(np.hstack([dense, sparse]), labels)
    assert np.concatenate(mine.weights) == pytest.approx(theirs.coef_[0], abs=5e-3)
    assert mine.intercept == pytest.approx(theirs.intercept_[0], abs=5e-3)
    logits = mine.logits([dense, csr_matrix(sparse)])
    assert logits == pytest.approx(theirs.decision_function(np.hstack([dense, sparse])), abs=0.02)


def test_the_auc_is_that_of_scikit_learn_and_its_interval_that_of_a_bootstrap() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(2)
    truths = random.random(400) < 0.4
    scores = np.round(truths + random.normal(size=400), 1)
    auc, low, high = auc_interval(scores, truths)
    assert auc == pytest.approx(roc_auc_score(truths, scores), abs=1e-12)
    draws = []
    for _ in range(400):
        rows = random.integers(0, 400, 400)
        draws.append(roc_auc_score(truths[rows], scores[rows]))
    assert [low, high] == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.012)
    assert auc_interval(scores, np.zeros(400, dtype=bool)) == (0.5, 0.0, 1.0)


def test_the_interval_of_a_share_is_wilson_s() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for hits, count in ((0, 10), (3, 10), (50, 200), (10, 10)):
        assert share_interval(hits, count) == pytest.approx(proportion_confint(hits, count, method="wilson"), abs=1e-9)


def test_bands_and_calibration_error_worked_by_hand() -> None:
    # Band 0.1-0.2 holds 2 rows forecast 0.15 of which 1 is true, band 0.9-1 holds 2 rows forecast 0.95, both true:
    # error = 2/4 * |0.15 - 0.5| + 2/4 * |0.95 - 1| = 0.2
    table = reliability_table(np.array([0.15, 0.15, 0.95, 0.95]), np.array([True, False, True, True]))
    assert table["examples"].to_list() == [2, 2]
    assert calibration_error(table) == pytest.approx(0.2)
    assert calibration_error(table.head(0)) == 0.0


def test_sixty_decisions_teach_a_clear_taste_and_why(features: TasteFeatures) -> None:
    loud = shouts(features)
    rows = np.arange(60)
    taste = learn_taste(features, decisions(features, rows, ~loud[rows]))
    assert taste.verdict == BETTER
    assert taste.low is not None
    assert taste.low > 0.8
    scores = taste_scores(taste, features)
    assert auc_interval(scores[60:], ~loud[60:])[0] > 0.9
    assert np.all((scores >= 0) & (scores <= 1))


def test_the_reasons_name_what_the_reviewer_minds(features: TasteFeatures) -> None:
    loud = shouts(features)
    rows = np.arange(300)
    taste = learn_taste(features, decisions(features, rows, ~loud[rows]))
    reasons = taste_reasons(taste, features)
    named = np.array(["capital letters in the answer (high)" in reason.split("for: ")[0] for reason in reasons])
    assert named[loud].mean() > 0.5
    assert not named[~loud].any()


def test_decisions_by_coin_are_not_better_than_chance(features: TasteFeatures) -> None:
    verdicts = []
    for seed in range(8):
        coin = np.random.default_rng(seed).random(ROWS) < 0.5
        rows = np.random.default_rng(seed + 100).choice(ROWS, 120, replace=False)
        verdicts.append(learn_taste(features, decisions(features, rows, coin[rows])).verdict)
    # An interval of 95 % errs upward once in forty.
    assert verdicts.count(CHANCE) >= 7


def test_few_or_one_sided_decisions_teach_nothing_and_say_so(features: TasteFeatures) -> None:
    few = learn_taste(features, decisions(features, np.arange(49), np.arange(49) % 2 == 0))
    sided = learn_taste(features, decisions(features, np.arange(80), np.arange(80) > 2))
    assert (few.verdict, sided.verdict) == (TOO_FEW, ONE_SIDED)
    assert np.isnan(taste_scores(few, features)).all()
    assert taste_reasons(few, features) == [""] * ROWS
    assert few.auc is None
    assert sided.model is None


def test_biased_decisions_teach_but_count_in_no_reported_rate(features: TasteFeatures) -> None:
    loud = shouts(features)
    chosen = np.arange(200)
    fair = decisions(features, chosen, ~loud[chosen])
    # Only what shouts was looked for: all of these are drops.
    hunted = np.flatnonzero(loud)[150:300]
    both = pl.concat([fair, decisions(features, hunted, ~loud[hunted], random=False)])
    taste = learn_taste(features, both)
    assert taste.decisions == 350
    assert taste.at_random == 200
    assert taste.measured_at_random
    assert taste.reliability["examples"].sum() == 200
    assert taste.drop_rate is not None
    assert taste.drop_rate[0] == pytest.approx(loud[:200].mean())
    assert taste_scores(taste, features)[:200].mean() == pytest.approx((~loud[:200]).mean(), abs=0.08)


def test_each_reviewer_has_a_taste_and_a_tie_counts_for_nobody(features: TasteFeatures) -> None:
    loud = shouts(features)
    rows = np.arange(100)
    table = pl.concat(
        [
            decisions(features, rows, ~loud[rows], reviewer="ada"),
            decisions(features, rows, loud[rows], reviewer="ben"),
            decisions(features, np.arange(100, 160), ~loud[100:160], reviewer="cy"),
        ]
    )
    ada, ben = (taste_scores(learn_taste(features, table, who), features) for who in ("ada", "ben"))
    assert auc_interval(ada[200:], ~loud[200:])[0] > 0.9
    assert auc_interval(ben[200:], ~loud[200:])[0] < 0.1
    # ada and ben contradict each other on all of theirs, which leaves cy's sixty.
    assert learn_taste(features, table, EVERYBODY).decisions == 60


def test_the_order_of_decisions_changes_nothing(features: TasteFeatures) -> None:
    rows = np.arange(90)
    table = decisions(features, rows, ~shouts(features)[rows])
    one, other = (learn_taste(features, given) for given in (table, table.sample(fraction=1, shuffle=True, seed=1)))
    assert taste_scores(one, features).tolist() == taste_scores(other, features).tolist()
    assert one.auc == other.auc


def test_the_nearest_decided_are_those_of_brute_force(features: TasteFeatures) -> None:
    rows = np.arange(100)
    taste = learn_taste(features, decisions(features, rows, ~shouts(features)[rows]))
    found = nearest_decided(taste, features, np.array([5, 300]), count=1)
    for row, near in zip((5, 300), found["near_id"], strict=True):
        cosines = {other: features.meaning[row] @ features.meaning[other] for other in rows.tolist() if other != row}
        assert near == features.example_ids[max(cosines, key=lambda other: cosines[other])]


def test_wording_keeps_frequent_words_and_shapes_the_others() -> None:
    # "what is" stands in every text; 400 other words stand once each, of which the 298 first by the alphabet are kept.
    found = shaped(pl.Series([f"what is {chr(97 + n // 20)}{chr(97 + n % 20)}ing" for n in range(400)]))
    assert found[0] == "< what is aaing >"
    assert found[-1] == "< what is x-ing >"
    assert shaped(pl.Series(["", "?"])) == ["<  >", "< ? >"]


def test_no_examples_and_strange_texts_have_features() -> None:
    empty = taste_features(examples_frame([]), NO_SCORES)
    assert learn_taste(empty, DECISIONS.to_frame()).verdict == TOO_FEW
    odd = examples_frame([chat("", ""), chat("\u200b\n\t", "مرحبا 你好"), chat("a" * 10_000, "<script>{{x}}")])
    features = taste_features(odd, NO_SCORES)
    assert features.named.shape[0] == 3
    assert np.isfinite(features.named).all()


def test_decisions_need_their_columns(features: TasteFeatures) -> None:
    with pytest.raises(CurationError, match="no column 'random'"):
        learn_taste(features, decisions(features, np.arange(3), np.ones(3, dtype=bool)).drop("random"))
