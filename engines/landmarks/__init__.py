"""Where faces and bodies are in a picture, by the models that mediapipe's wheel carries."""
