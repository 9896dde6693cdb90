"""A process that is killed in the middle of its work loses nothing that was acknowledged and leaves nothing torn."""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.workbench.killing.kills import kill_many
from tests.workbench.store.earlier_projects import write_project
from workbench.project import DATABASE, Project
from workbench.reviewing import Filter
from workbench.store.migrations import MIGRATIONS, kept_copy

KILLS = 50
OPENINGS = 6


def test_nothing_is_lost_or_torn_by_fifty_kills_at_random_moments(tmp_path: Path) -> None:
    result = kill_many(tmp_path, KILLS, seed=1)
    assert result.problems == []
    assert result.kills == KILLS
    # The kills did hit work in the middle, of most kinds.
    assert len(set(result.in_the_middle_of) - {"opening", "between"}) >= 4


def test_a_kill_while_an_earlier_project_is_brought_up_to_date_leaves_it_whole(tmp_path: Path) -> None:
    earlier = write_project(tmp_path / "earlier", 5, MIGRATIONS)
    moments, longest = random.Random(2), 0.3
    for number in range(OPENINGS):
        folder = tmp_path / str(number)
        shutil.copytree(earlier, folder)
        child = subprocess.Popen([sys.executable, "-c", OPEN, str(folder)])
        while not (folder / "begun").exists():
            time.sleep(0.005)
        time.sleep(moments.uniform(0.0, longest))
        child.kill()
        child.wait()
        with Project.open(folder) as project:
            assert project.reviewing.queue(Filter(), "position") == ["a", "c"]
            assert project.store.schema == len(MIGRATIONS)
        assert kept_copy(folder / DATABASE, 5).is_file()
        assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


OPEN = """
import sys
from pathlib import Path
from workbench.project import Project
folder = Path(sys.argv[1])
(folder / "begun").touch()
Project.open(folder)
import time
time.sleep(60)
"""
