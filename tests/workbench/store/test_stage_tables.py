"""The tables hold every column that the stages give: a stage that grows a column must grow its table."""

import polars as pl
import pytest

from workbench.project import Project


def schemas() -> dict[str, pl.Schema]:
    from pipelines.coverage.gaps import GAPS
    from pipelines.duplicates.find import PAIRS
    from pipelines.duplicates.groups import GROUPS
    from pipelines.evaluation.compare import DIFFERENCES, METRIC_VALUES
    from pipelines.evaluation.score import SCORES
    from pipelines.formats.read import REJECTED
    from pipelines.rating.draw import COMPARISONS

    return {
        "gaps": GAPS,
        "duplicate_pairs": PAIRS,
        "duplicates": GROUPS,
        "differences": DIFFERENCES,
        "metrics": METRIC_VALUES,
        "output_scores": SCORES,
        "rejected": REJECTED,
        "comparisons": COMPARISONS,
    }


@pytest.mark.parametrize("table", sorted(schemas()))
def test_a_table_has_every_column_of_its_stage(project: Project, table: str) -> None:
    columns = project.store._database.frame(f"SELECT * FROM {table}").columns
    assert set(schemas()[table].names()) <= set(columns)
