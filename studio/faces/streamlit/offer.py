"""Offers the published model of a paper on the second face, or says what would be seen with it."""

import streamlit as st

from studio.faces.streamlit.sheet import Sheet
from studio.wire import beside, downloads

POLL_SECONDS = 1.0


def draw(sheet: Sheet) -> None:
    """Draw the offer of the sheet's experiment, if it has one."""
    if sheet.experiment.offered:
        details = beside.offer(sheet.panel, sheet.experiment)
        comes = downloads.state(details["files"])["fraction"] is not None
        st.fragment(_offered, run_every=POLL_SECONDS if comes else None)(sheet, details, comes)


def _offered(sheet: Sheet, details: beside.Offer, comes: bool) -> None:
    """Draw where the model is and what can be done, again and again while it is being downloaded."""
    state = downloads.state(details["files"])
    if comes != (state["fraction"] is not None):
        st.rerun()
    action, key = state["action"], sheet.key("offer")
    if state["here"]:
        st.button(f"Draw it by {details['whose']}", on_click=_choose, args=(sheet,), type="tertiary", key=key)
        return
    if action:
        is_new = action == "Download"
        words = f"See {details['whose']}: {state['brings']} ({details['licence']})" if is_new else action
        st.button(words, on_click=downloads.act, args=(details["files"], action), type="tertiary", key=key)
        if not is_new:
            st.caption(state["words"])
    if comes:
        st.progress(state["fraction"])
    elif action != "Download":
        shows = "\n".join(f"- {heading}: {sentence}" for heading, sentence in details["shows"])
        paper = f"The authors' own pictures stand [in the paper]({details['paper']})."
        with st.expander(f"What {details['whose']} would show"):
            st.markdown(f"{shows}\n\n{paper} {state['words']}")


def _choose(sheet: Sheet) -> None:
    """Show what the published model makes with the controls as they stand."""
    offered = sheet.experiment.offered
    assert offered, "only an offer asks for it"
    sheet.open(sheet.experiment.fitted({**sheet.values, offered.name: offered.published.option}))
