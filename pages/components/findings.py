"""What the stages found, as lists that lead to review: examples in conflict, and personal data."""

import streamlit as st

from pages.components.texts import texts
from workbench.app.navigation import go
from workbench.app.plain import plain
from workbench.app.review_filter import review_these
from workbench.reviewing import Filter

CONFLICTS = 20
CONFLICT_WORDS = {"answers": "Conflicting answers", "label": "Doubtful label"}
KINDS = {"iban": "IBAN", "ip": "IP address", "card": "card number", "phone": "phone number", "e-mail": "e-mail address"}


def draw_conflicts(project) -> None:
    """Draw groups of examples that contradict each other, side by side."""
    total = sum(project.curation.conflict_counts().values())
    if not total:
        st.caption("No conflicts were found.")
        return
    st.caption("Like questions whose answers contradict each other, and labels that most like examples do not have.")
    page = st.pagination(-(-total // CONFLICTS), key="conflicts-page") if total > CONFLICTS else 1
    for group in project.curation.conflicts(limit=CONFLICTS, offset=CONFLICTS * (page - 1)):
        with st.expander(
            f"**{CONFLICT_WORDS.get(group.kind, plain(group.kind))}** · {plain(group.members[0]['prompt'], 110)}"
        ):
            st.caption(plain(group.detail))
            key = f"{group.kind}-{group.group_id}"
            answers = [
                {"title": f"Answer {place + 1}", "text": member["completion"], "badge": member["state"]}
                for place, member in enumerate(group.members)
            ]
            texts(f"conflict-{key}", answers, [{"role": "user", "content": group.members[0]["prompt"]}])
            if st.button("Review them", key=f"review-{key}"):
                ids = tuple(member["example_id"] for member in group.members)
                review_these(Filter(ids=ids), "examples in conflict")
                go("review")


def draw_personal(project) -> None:
    """Draw which kinds of personal data were found, and the way to the examples that hold some."""
    if "personal-data" not in project.curation.stages_run():
        st.caption("This stage has not run yet: press Run again.")
        return
    kinds = project.curation.personal_data_counts()
    if kinds.is_empty():
        st.caption("No names, addresses, numbers or keys of persons were found.")
        return
    st.dataframe(
        [{**row, "kind": KINDS.get(row["kind"], row["kind"])} for row in kinds.iter_rows(named=True)], hide_index=True
    )
    if st.button("Review the examples that hold some", type="primary"):
        review_these(Filter(personal=True), "examples with personal data")
        go("review")
