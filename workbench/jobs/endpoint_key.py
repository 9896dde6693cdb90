"""The key of an endpoint: read from the environment when it is needed, and kept nowhere."""

import os

from pipelines.errors import CurationError
from pipelines.generation.endpoint_settings import EndpointSettings


def key_of(endpoint: EndpointSettings) -> str | None:
    """Return the key from the environment; None where none is needed.

    Raises:
        CurationError: the variable is not set, or holds what no header can.
    """
    if endpoint.key_env is None:
        return None
    key = os.environ.get(endpoint.key_env, "").strip()
    if not key or not (key.isascii() and key.isprintable()):
        raise CurationError(
            f"The environment variable {endpoint.key_env} holds no key for the endpoint.",
            f"Set it in the shell that starts or resumes the comparison: export {endpoint.key_env}=…",
        )
    return key
