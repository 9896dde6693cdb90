"""A process that is killed in the middle of its work loses nothing that was acknowledged and leaves nothing torn."""

from pathlib import Path

from tests.workbench.killing.kills import kill_many

KILLS = 50


def test_nothing_is_lost_or_torn_by_fifty_kills_at_random_moments(tmp_path: Path) -> None:
    result = kill_many(tmp_path, KILLS, seed=1)
    assert result.problems == []
    assert result.kills == KILLS
    # The kills did hit work in the middle, of most kinds.
    assert len(set(result.in_the_middle_of) - {"opening", "between"}) >= 4
