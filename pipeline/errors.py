"""What makes the job refuse to start."""

__all__ = ["OptionError"]


class OptionError(ValueError):
    """An option that can't be right: one sentence that names the option and its value."""
