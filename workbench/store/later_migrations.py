"""Further steps of the schema: rules, skipped pairs, posteriors, topics, … `migrations` says when each is run."""

from workbench.store.database import Transaction


def rules_for_outputs(transaction: Transaction) -> None:
    """The project's own rules for outputs; a row says which were in force from then on, nothing is overwritten."""
    transaction.execute("CREATE TABLE output_rules (place INTEGER, rules VARCHAR, who VARCHAR, created_at TIMESTAMP)")


def pairs_that_were_skipped(transaction: Transaction) -> None:
    """A pair may be passed over: it is no rating, and does not come again."""
    for statement in (
        "CREATE VIEW seen_comparisons AS SELECT comparison_id, max(rating_id) AS rating_id,"
        " last(choice ORDER BY rating_id) AS choice, last(note ORDER BY rating_id) AS note,"
        " max(rated_at) AS rated_at FROM rating_events GROUP BY comparison_id HAVING choice IS NOT NULL",
        'CREATE OR REPLACE VIEW ratings AS SELECT c.comparison_id, c.evaluation, c.example_id, c.rater, c."left",'
        ' c."right", r.choice, r.note, r.rated_at, NULL::VARCHAR AS criteria FROM comparisons c'
        " JOIN seen_comparisons r USING (comparison_id) WHERE r.choice <> 'skip'",
    ):
        transaction.execute(statement)


def posterior_of_differences(transaction: Transaction) -> None:
    """What few examples say of a difference: the chance that a variant is ahead more often than not."""
    transaction.execute("ALTER TABLE differences ADD COLUMN posterior DOUBLE")


def topics_of_clusters(transaction: Transaction) -> None:
    """The topic that each cluster lies in; unknown until the coverage stage runs again."""
    transaction.execute("ALTER TABLE clusters ADD COLUMN topic_id INTEGER")
    transaction.execute("ALTER TABLE clusters ADD COLUMN topic VARCHAR")


def difficulty_for_a_base_model(transaction: Transaction) -> None:
    """How hard the answers of a sample are for a base model."""
    transaction.execute(
        "CREATE TABLE difficulty (example_id VARCHAR, tokens BIGINT, loss DOUBLE, loss_alone DOUBLE, ifd DOUBLE,"
        " perplexity DOUBLE)"
    )
