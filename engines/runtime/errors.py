"""What a visitor is told when something cannot be done: what is wrong, which value, what to do."""


class StudioError(Exception):
    """Anything a visitor can understand and act on; every other exception is a bug of ours."""


class InputError(StudioError):
    """A control's value or an uploaded file cannot be used."""


class CheckpointError(StudioError):
    """A checkpoint is missing, altered, or does not fit its network."""


class DeviceError(StudioError):
    """The device cannot do the work, most often for want of memory."""
