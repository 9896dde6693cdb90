"""How many examples each queue has: counted aside, so that a page of a million examples need not wait for it.

Counts are kept for a while and shown as they were until new ones are there.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass

import streamlit as st

from workbench.project import Project
from workbench.reviewing import Filter

Counts = dict[str, int]
FRESH_SECONDS = 60.0
PATIENCE_SECONDS = 0.4


@dataclass
class _Counted:
    future: Future[Counts]
    started: float
    known: int
    before: Counts | None


def counts_soon(project: Project, chosen: Filter, who: str) -> tuple[Counts | None, bool]:
    """Return the count of each queue within a filter, and whether that is as of now.

    The counts are None while they are counted for the first time, and older ones while they are counted again.
    """
    kept, name = _kept(), repr((str(project.folder), astuple(chosen), who))
    counted, known = kept.get(name), project.queues.last_decision()
    if counted is None or (counted.future.done() and _is_old(counted, known)):
        before = counted.future.result() if counted is not None and not counted.future.exception() else None
        counted = _Counted(_counter().submit(project.queues.counts, chosen, who), time.monotonic(), known, before)
        kept[name] = counted
    try:
        return counted.future.result(PATIENCE_SECONDS), counted.known == known
    except TimeoutError:
        return counted.before, False


def _is_old(counted: _Counted, known: int) -> bool:
    return counted.known != known or time.monotonic() - counted.started > FRESH_SECONDS


@st.cache_resource(show_spinner=False)
def _kept() -> dict[str, _Counted]:
    return {}


@st.cache_resource(show_spinner=False)
def _counter() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "queue-counts")
