"""Queues: named reasons to look at examples, shared out among reviewers.

A reviewer chooses a queue, and gets its examples one after another. Nobody else gets them meanwhile: what a tab is
given is leased to it for some minutes, again and again while somebody works there. The examples of the overlap are the
exception: every reviewer gets those, without seeing what the others said, and that measures how far reviewers agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipelines.errors import CurationError
from pipelines.rating.reviewers import ReviewerAgreement, reviewer_agreement
from workbench.store.browse import Filter
from workbench.store.leases import overlap_bound
from workbench.store.store import Store

LEASE = timedelta(minutes=5)
# Examples whose order is fixed at a time; the next ones are looked up when these are used up.
CANDIDATES = 1_000


@dataclass(frozen=True)
class Queue:
    """A queue: what it is called and for; `blind` hides earlier decisions, `deciding` settles what others left open."""

    name: str
    title: str
    description: str
    blind: bool = False
    deciding: bool = False


QUEUES = {
    queue.name: queue
    for queue in (
        Queue(
            "random",
            "Random",
            "Drawn at random, each source and cluster by its share: the drop rate here is true of all.",
        ),
        Queue(
            "likely_problems",
            "Likely problems",
            "What you would most likely drop, by what you decided so far. These decisions count in no reported rate.",
        ),
        Queue("all", "Undecided", "As imported, line by line."),
        Queue("doubtful", "Doubtful", "The stages found something that only a person can judge; worst first."),
        Queue("to_drop", "Suggested to drop", "The stages would drop these; worst first."),
        Queue("to_keep", "Suggested to keep", "The stages found nothing that speaks against these; worst first."),
        Queue("close_calls", "Close calls", "Quality near the middle, where a look decides most."),
        Queue("worst", "Worst first", "By quality, the lowest first."),
        Queue("topics", "By cluster", "One cluster of like prompts after another."),
        Queue("duplicates", "Duplicate groups", "Group by group, each group's representative first."),
        Queue("conflicts", "Conflicts", "Examples that contradict each other, side by side."),
        Queue("sources", "By source", "One source after another."),
        Queue("flagged", "Flagged", "What a reviewer wants to be looked at again."),
        Queue("disagreements", "Disagreements", "Reviewers differ: yours is the deciding vote.", deciding=True),
        Queue("filter", "Whatever the filter selects", "Decided or not, as imported."),
        Queue("audit", "Random audit", "A random sample of what was decided, judged again unseen.", blind=True),
    )
}


@dataclass(frozen=True)
class Candidates:
    """The next examples of a queue in their order, and the last decision that the list knows of."""

    ids: list[str]
    known: int


class Queues:
    """Hands out examples to reviewers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def counts(self, chosen: Filter, who: str) -> dict[str, int]:
        """Count each queue within a filter, for one reviewer."""
        return self._store.queues.counts(chosen, who, self._bound())

    def candidates(self, queue: str, chosen: Filter, who: str, offset: int = 0) -> Candidates:
        """Return the next examples of a queue within a filter, whoever holds them now.

        Raises:
            CurationError: there is no such queue.
        """
        if queue not in QUEUES:
            raise CurationError(f"There is no queue '{queue}'.", f"Choose one of: {', '.join(QUEUES)}.")
        ids, known = self._store.queues.ids(queue, chosen, who, self._bound(), limit=CANDIDATES, offset=offset)
        return Candidates(ids, known)

    def take(self, ids: Sequence[str], known: int, holder: str, who: str) -> list[str]:
        """Lease examples to a tab, and return those that it got, in their order.

        What others hold, or was decided since the list was made (by others; the overlap apart), is passed over.

        Args:
            ids: examples of a list of candidates.
            known: what that list knows of.
            holder: the tab.
            who: its reviewer.
        """
        return self._take(ids, known, holder, who, own=True)

    def renew(self, ids: Sequence[str], known: int, holder: str, who: str) -> list[str]:
        """Lease what a tab still holds for some minutes more, and return what it has lost meanwhile.

        An example is lost when its lease ended and another tab got it, or when somebody else decided about it.
        """
        return sorted(set(ids) - set(self._take(ids, known, holder, who, own=False)))

    def _take(self, ids: Sequence[str], known: int, holder: str, who: str, *, own: bool) -> list[str]:
        left = self._store.queues.untouched(ids, who, self._bound(), known, own=own)
        now = self._store.now()
        return self._store.leases.take([one for one in ids if one in left], holder, who, now, now + LEASE)

    def free(self, ids: Sequence[str], holder: str) -> None:
        """Let others have examples that a tab held."""
        self._store.leases.free(ids, holder)

    def free_all(self, holders: Sequence[str]) -> None:
        """Let others have all that tabs held which are gone."""
        self._store.leases.free_all(holders)

    def last_decision(self) -> int:
        """Return a number that grows with each decision."""
        return self._store.queues.last_decision()

    def blind_to(self, ids: Sequence[str], who: str, queue: str) -> set[str]:
        """Return the examples whose earlier decisions are hidden from a reviewer.

        Those are the ones of the overlap that others voted on and this reviewer did not, and in a blind queue all that
        this reviewer did not vote on. A deciding vote is given with open eyes.
        """
        if queue in QUEUES and QUEUES[queue].deciding:
            return set()
        mine: set[str] = set()
        others: set[str] = set()
        settled: set[str] = set()
        for row in self._store.queues.votes(ids).iter_rows(named=True):
            (mine if row["reviewer"] == who else others).add(row["example_id"])
            if row["settled"]:
                settled.add(row["example_id"])
        if queue in QUEUES and QUEUES[queue].blind:
            return set(ids) - mine
        bound = self._bound()
        shared = {one for one in others if one[-len(overlap_bound(0)) :] < bound}
        return shared - mine - settled

    def overlap(self) -> float:
        """Return the share of examples that every reviewer gets, 0 to 1."""
        return self._store.leases.overlap()

    def set_overlap(self, share: float, who: str) -> None:
        """Choose the share of examples that every reviewer gets.

        Raises:
            CurationError: it is not between 0 and 1.
        """
        if not 0 <= share <= 1:
            raise CurationError(f"An overlap of {share} is no share.", "Choose a number between 0 and 1.")
        self._store.leases.set_overlap(share, who, self._store.now())

    def agreement(self) -> ReviewerAgreement:
        """Return how far reviewers agree on what several of them judged."""
        return reviewer_agreement(self._store.queues.shared_votes())

    def disagreements(self) -> int:
        """Count the examples on which reviewers differ and nobody gave the deciding vote."""
        return self._store.queues.disagreement_count()

    def _bound(self) -> str:
        return overlap_bound(self._store.leases.overlap())
