"""What Modal's client raises, as errors of this package.

Where it is used `modal` is imported already (`modal_adapter`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from .errors import (
    AuthenticationFailed,
    EnvironmentNotFound,
    ImageNotBuilt,
    ModalSecretsError,
    PermissionDenied,
    RemoteCallFailed,
    SecretExists,
    SecretNotFound,
    WorkspaceUnavailable,
)


@contextlib.contextmanager
def translated(workspace: str, next_step: str = "") -> Iterator[None]:
    """Turn what the client raises about a workspace into errors of this package."""
    from modal import exception as exceptions

    try:
        yield
    except ModalSecretsError:
        raise
    except exceptions.AuthError as error:
        raise AuthenticationFailed(
            f"{workspace} refused the credentials: {_first_line(error)}",
            "Run `modal setup`, or use %modal_secret workspace local.",
        ) from None
    except exceptions.PermissionDeniedError as error:
        raise PermissionDenied(
            f"{workspace} does not permit this: {_first_line(error)}",
            "Ask an owner of the workspace for it, or use %modal_secret workspace local.",
        ) from None
    except exceptions.NotFoundError as error:
        what = _first_line(error).rstrip(".")
        where = "" if workspace.casefold() in what.casefold() else f" ({workspace})"
        if what.startswith("Environment"):
            next_step = next_step or "Press Tab after -e for those that exist."
            raise EnvironmentNotFound(f"{what}{where}.", next_step) from None
        raise SecretNotFound(f"{what}{where}.", next_step) from None
    except exceptions.AlreadyExistsError as error:
        raise SecretExists(f"{_first_line(error)} ({workspace}).", next_step) from None
    except exceptions.ResourceExhaustedError as error:
        raise WorkspaceUnavailable(
            f"{workspace} asks for fewer requests: {_first_line(error)}",
            "Wait a minute, and run it again.",
        ) from None
    except (
        exceptions.ConnectionError,
        exceptions.ServiceError,
        exceptions.TimeoutError,
        OSError,
    ) as error:
        raise WorkspaceUnavailable(
            f"{workspace} cannot be reached: {_first_line(error)}", "See %modal_secret status."
        ) from None
    except asyncio.CancelledError:
        raise
    except exceptions.ImageBuildError as error:
        # "Image build for im-… failed with the exception:", and the installer's own words
        first, *rest = str(error).strip().splitlines()
        reason = " ".join(" ".join(rest or [first]).split()).removeprefix("error: ")
        raise ImageNotBuilt(
            f"The image could not be built: {reason}",
            next_step or "Change what the image installs, and call again.",
        ) from None
    except exceptions.Error as error:
        raise RemoteCallFailed(f"{workspace} refused: {_first_line(error)}", next_step) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
