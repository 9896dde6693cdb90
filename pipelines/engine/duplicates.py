"""Exact and near-duplicates over shards: the pairs and groups that `find_duplicates` finds without vectors.

    parts in order -> signed -> classes of equal rows -> bands -> buckets -> kept pairs -> verified -> guarded
                   -> one union -> groups

The result is that of the stage in memory, row for row, whatever the number and order of the shards. Of a process's
memory the shards of its task are the bound; only the union sees all rows that have a duplicate.

Not covered: semantic duplicates, ranks by what people decided (plain files have none).
"""

from dataclasses import dataclass
from pathlib import Path

from pipelines.duplicates.minhash import band_rows
from pipelines.duplicates.settings import DuplicateSettings
from pipelines.engine.asking import answer_keys, answer_places, answer_sides, answer_texts
from pipelines.engine.candidates import find_buckets, gather_codes, keep_pairs, pair_crowds
from pipelines.engine.grouping import deal_components, deal_members, group_components, tell_lines, unite
from pipelines.engine.ordering import Parts
from pipelines.engine.shard_files import read_frames
from pipelines.engine.signing import deal_bands, find_classes, sign_part
from pipelines.engine.stages import Stages, numbered
from pipelines.engine.verifying import guard_pairs, join_kinds, verify_pairs

# Stages of one kind of shingles, and of all together.
STAGES = 2 * 9 + 10


@dataclass(frozen=True)
class DuplicateShards:
    """Parquet files; which rows lie in which file means nothing.

    Attributes:
        pairs: columns of `verifying.ROWS_AND_PAIRS`.
        groups: columns of `groups.GROUPS` and the number of the row.
        lines: columns of `grouping.LINES`.
    """

    pairs: list[Path]
    groups: list[Path]
    lines: list[Path]


def find_duplicate_shards(parts: Parts, settings: DuplicateSettings, folder: Path, stages: Stages) -> DuplicateShards:
    """Find exact and near-duplicates among the examples of all parts.

    Args:
        parts: of `put_in_order`.
        settings: thresholds, shingles, guards.
        folder: `pairs`, `groups` and `lines` go there; what lies between is in `folder/work`.
        stages: runs the work.
    """
    work, count = folder / "work", len(parts.folders)
    everyone = range(count)
    begins = [int(begin) for begin in parts.offsets[:-1]]
    signed = stages.run(
        "Signing texts",
        sign_part,
        [(parts.examples[i], begins[i], count, settings, numbered(work / "signed", i)) for i in everyone],
    )
    classes = stages.run(
        "Finding equal texts",
        find_classes,
        [(signed, i, parts, count, numbered(work / "classes", i)) for i in everyone],
    )
    verified = [
        path
        for kind in ("words", "characters")
        for path in _similar_rows(kind, parts, signed, classes, settings, work, stages)
    ]
    files = [*(path / "pairs.arrow" for path in classes), *verified]
    joined = stages.run(
        "Joining pairs", join_kinds, [(files, i, parts, numbered(work / "joined", i)) for i in everyone]
    )
    asks = [path / "ask.arrow" for path in joined]
    answers = stages.run(
        "Fetching texts of pairs",
        answer_sides,
        [(asks, i, parts.examples[i], begins[i], settings, numbered(work / "sides", i, ".arrow")) for i in everyone],
    )
    pairs = stages.run(
        "Telling the alike from the same",
        guard_pairs,
        [(joined[i], answers, i, settings, numbered(folder / "pairs", i, ".parquet")) for i in everyone],
    )
    [united] = stages.run("Uniting", unite, [(pairs, work / "united")])
    dealt = stages.run(
        "Dealing groups",
        deal_components,
        [(pairs[i], united, count, numbered(work / "components", i, ".arrow")) for i in everyone],
    )
    groups = stages.run(
        "Forming groups",
        group_components,
        [(dealt, i, numbered(folder / "groups", i, ".parquet")) for i in everyone],
    )
    members = stages.run(
        "Dealing members",
        deal_members,
        [(groups[i], parts, numbered(work / "members", i, ".arrow")) for i in everyone],
    )
    lines = stages.run(
        "Telling lines",
        tell_lines,
        [(parts.folders[i], members, i, numbered(folder / "lines", i, ".parquet")) for i in everyone],
    )
    return DuplicateShards(pairs, groups, lines)


def _similar_rows(
    kind: str,
    parts: Parts,
    signed: list[Path],
    classes: list[Path],
    settings: DuplicateSettings,
    work: Path,
    stages: Stages,
) -> list[Path]:
    """Find the verified pairs by one kind of shingles: exchange files of `signing.FOUND`."""
    count = len(parts.folders)
    everyone = range(count)
    begins = [int(begin) for begin in parts.offsets[:-1]]
    work = work / kind
    bands = settings.permutations // band_rows(settings.near_threshold, settings.permutations, settings.band_recall)
    slices = -(-count // bands)
    dealt = stages.run(
        f"Dealing bands of {kind}",
        deal_bands,
        [(signed[i], classes, i, kind, slices, numbered(work / "bands", i, ".arrow")) for i in everyone],
    )
    buckets = stages.run(
        f"Finding buckets of {kind}",
        find_buckets,
        [(dealt, i, parts, count, numbered(work / "buckets", i)) for i in range(bands * slices)],
    )
    codes = [path / "codes.arrow" for path in buckets]
    crowded = [path / "crowds.parquet" for path in buckets]
    if read_frames(crowded).height:
        asks = [path / "ask.arrow" for path in buckets]
        keys = stages.run(
            f"Fetching bands of {kind}",
            answer_keys,
            [(asks, i, signed[i], kind, slices, numbered(work / "keys", i, ".arrow")) for i in everyone],
        )
        codes += stages.run(
            f"Pairing crowds of {kind}",
            pair_crowds,
            [(buckets[i], keys, i, count, numbered(work / "crowds", i, ".arrow")) for i in range(bands * slices)],
        )
    gathered = stages.run(
        f"Gathering pairs of {kind}",
        gather_codes,
        [(codes, i, parts, numbered(work / "gathered", i)) for i in everyone],
    )
    asks = [path / "ask.arrow" for path in gathered]
    places = stages.run(
        f"Fetching signatures of {kind}",
        answer_places,
        [(asks, i, signed[i], kind, numbered(work / "places", i, ".arrow")) for i in everyone],
    )
    kept = stages.run(
        f"Keeping pairs of {kind}",
        keep_pairs,
        [(gathered[i], places, i, parts, settings, numbered(work / "kept", i)) for i in everyone],
    )
    asks = [path / "ask.arrow" for path in kept]
    texts = stages.run(
        f"Fetching texts of {kind}",
        answer_texts,
        [
            (asks, i, parts.examples[i], begins[i], classes, kind, settings, numbered(work / "texts", i, ".arrow"))
            for i in everyone
        ],
    )
    return stages.run(
        f"Verifying pairs of {kind}",
        verify_pairs,
        [(kept[i], texts, i, kind, settings, count, numbered(work / "verified", i, ".arrow")) for i in everyone],
    )
