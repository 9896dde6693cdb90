"""The one error for people.

Exception
+-- CurationError    something a person can mend: what is wrong and where, and what to do about it
|   +-- DiskFullError    the same is worth another try, once there is space
+-- Cancelled        (in `progress.py`) somebody asked the work to stop

Anything else that is raised is a bug and keeps its traceback.
"""


class CurationError(Exception):
    """Something a person can mend: `message` says what and where, `remedy` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["CurationError"], tuple[str, str]]:
        """Pickle both texts, so that the error survives a process pool."""
        return type(self), (self.message, self.remedy)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


class DiskFullError(CurationError):
    """Nothing was written, as there is no space left: what was asked for may be asked for again."""
