"""Finds faces and bodies in pictures, with the models that mediapipe's wheel carries."""
