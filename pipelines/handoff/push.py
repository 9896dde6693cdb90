"""Send a hand-off's folder to the Hugging Face Hub: planned without a request, sent only when asked to.

The token is the Hub library's own (its log-in, or HF_TOKEN); it is read when something is sent, and never told. A
repository that is there already keeps its visibility: where that is another one than was asked for, nothing is sent.

Source: huggingface_hub 2.4, `HfApi.create_repo`, `HfApi.repo_info`, `HfApi.upload_folder`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import CurationError

LOG_IN = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write."


@dataclass(frozen=True)
class PushPlan:
    """What would be sent where: sizes in bytes by file, and who may see it."""

    name: str
    private: bool
    files: dict[str, int]

    @property
    def size(self) -> int:
        """All bytes."""
        return sum(self.files.values())


def check_name(name: str) -> None:
    """Refuse what is no name of a repository on the Hub.

    Raises:
        CurationError: says what the name may hold.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise CurationError(f"'{name}' is no name on the Hub: {error}", "For example: my-name/my-model") from None


def plan_push(folder: Path, name: str, *, private: bool) -> PushPlan:
    """List what would be sent; asks nobody.

    Args:
        folder: of a hand-off; all of its files are sent.
        name: of the repository, `owner/model` or `model`.
        private: whether only its owner may see a new repository.

    Raises:
        CurationError: no such name is possible.
    """
    check_name(name)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return PushPlan(name, private, {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths})


def push(folder: Path, plan: PushPlan, *, api: Any = None) -> str:
    """Send what a plan lists; returns the address of the repository.

    Args:
        folder: the one that the plan was made of.
        plan: from `plan_push`.
        api: a `huggingface_hub.HfApi`; one with the Hub library's own token when not given.

    Raises:
        CurationError: nobody is logged in, the Hub refuses or cannot be reached, or the repository is there and seen
            by others than was asked for.
    """
    from huggingface_hub import HfApi, get_token

    token = get_token()
    if not token:
        raise CurationError("There is no token for the Hugging Face Hub, so nothing was sent.", LOG_IN)
    api = api or HfApi(token=token)
    try:
        address = str(api.create_repo(plan.name, private=plan.private, repo_type="model", exist_ok=True))
        if bool(api.repo_info(plan.name, repo_type="model").private) != plan.private:
            there, asked = ("public", "private") if plan.private else ("private", "public")
            raise CurationError(
                f"The repository {plan.name} is there already and {there}, not {asked}; nothing was sent.",
                "Choose another name, or change its visibility on the Hub first.",
            )
        api.upload_folder(
            repo_id=plan.name,
            repo_type="model",
            folder_path=str(folder),
            allow_patterns=list(plan.files),
            commit_message="Hand-off of the fine-tuning workbench",
        )
    except CurationError:
        raise
    except Exception as error:  # the Hub's own errors, and those of whichever HTTP library it uses
        told = " ".join(str(error).split())[:300].replace(token, "***")
        raise CurationError(
            f"Sending {plan.name} to the Hub failed ({type(error).__name__}): {told}",
            f"Check the name, the connection and the token's rights; the folder itself is written. {LOG_IN}",
        ) from None
    return address
