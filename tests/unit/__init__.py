"""Parts of the framework and of the runtime, without a face and without a browser."""
