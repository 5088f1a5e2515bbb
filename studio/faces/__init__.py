"""Holds the faces of the studio: Gradio, Streamlit, the API and the command line."""
