"""Chat with base and tuned model side by side."""

import streamlit as st

from pages.components.texts import texts
from workbench.app import chats, session
from workbench.app.forms import draw_fields
from workbench.app.plain import plain

FIELDS = ("max_new_tokens", "seed")


def draw_settings(project, run_id: str) -> tuple[str, dict]:
    """Draw how the models are asked; return the system prompt and the values."""
    with st.expander("Settings"):
        system = st.text_area(
            "System prompt",
            project.chatting.system(run_id),
            key=f"chat-system-{run_id}",
            placeholder="none",
            help="Both get it from the next question on. At first it is the one that the training examples share.",
        )
        proposed = project.chatting.settings()
        what = "0: always the most likely token, the same question gets the same answer. Above: drawn by chance."
        temperature = st.slider("Temperature", 0.0, 2.0, proposed.temperature, 0.1, help=what, width=480)
        values = draw_fields(proposed, FIELDS, "chat")
    return system, values | {"temperature": temperature}


def draw_turn(place: int, turn, going: bool = False) -> None:
    """Draw a question with both answers."""
    texts(f"turn-{place}", chats.sides(turn, going), [{"role": "user", "content": turn.prompt}])


def draw_answering(project, conversation) -> None:
    """Draw the question that is being answered, twice a second, until it is."""

    @st.fragment(run_every=0.5)
    def look() -> None:
        going, turn = chats.answering(project), conversation.asked
        if going is None:
            st.rerun()
        if turn is not None:
            draw_turn(len(conversation.turns), turn, going=True)
        bar, button = st.columns([6, 1], vertical_alignment="bottom")
        bar.progress(going.progress, text=plain(going.message) or "Starting")
        button.button("Cancel", on_click=going.cancel, width="stretch")

    look()


def draw_buttons(project, run_id: str, models, conversation) -> None:
    """Draw how to begin again, and how to give the memory back."""
    if not conversation.turns and not models.loaded:
        st.caption("The models are loaded with the first question. Closing this tab releases them.")
        return
    with st.container(horizontal=True):
        if conversation.turns:
            st.button("New conversation", icon=":material/add:", on_click=chats.begin, args=(project, run_id))
        if models.loaded:
            what = "Gives their memory back; the next question loads them again."
            st.button("Release the models", icon=":material/eject:", on_click=models.release, help=what)


session.page_head("Chat", "Ask base and tuned model the same, side by side. Nothing of it is stored.")
project = session.current_project()
runs = chats.run_titles(project)
if not runs:
    session.empty("There is no tuned model to talk with yet.", "Train one first.", "train", "Train")
    st.stop()
run_id = st.selectbox("Run", list(runs), format_func=runs.get, width=480)
models = chats.models_of(project, str(project.folder), run_id)
conversation = chats.conversation_with(project, run_id)
system, values = draw_settings(project, run_id)
for place, turn in enumerate(conversation.turns):
    draw_turn(place, turn)
going = chats.answering(project) is not None
if going:
    draw_answering(project, conversation)
else:
    if (error := chats.failure(project)) is not None:
        session.show_error(error)
    draw_buttons(project, run_id, models, conversation)
if (prompt := st.chat_input("Ask both", disabled=going)) is not None:
    with session.errors_shown():
        chats.ask(project, models, conversation, prompt, system, values)
        st.rerun()
