"""Defines the errors that tell a visitor what is wrong, with which value, and what to do."""


class StudioError(Exception):
    """Is raised for anything a visitor can understand and act on; every other exception is a bug of ours."""


class InputError(StudioError):
    """Is raised when a control's value or an uploaded file cannot be used."""

    control: str | None = None
    """The name of that control, if it is known."""


class CheckpointError(StudioError):
    """Is raised when a checkpoint is missing, altered, or does not fit its network."""


class DeviceError(StudioError):
    """Is raised when the device cannot do the work, most often because its memory is full."""
