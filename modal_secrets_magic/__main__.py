"""`python -m modal_secrets_magic` is `modal-secrets`, for a Python that is not on the path."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="modal-secrets")
