"""An API error on its way to the caller."""


class Refused(Exception):
    """A request that AWS refuses, or that the sandbox does not model: the error's code and its sentence."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
