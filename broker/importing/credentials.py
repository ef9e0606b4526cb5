"""The credentials for the source: from files or typed in, never from a command line, which others can see."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path

from broker.errors import UnusableError
from broker.importing.source import Login


def login(token_file: Path | None, username: str | None, password_file: Path | None) -> Login:
    """Raises UnusableError when they do not go together, or a file holds nothing."""
    if token_file is not None and (username is not None or password_file is not None):
        raise UnusableError("give either --token-file or --username, not both")
    if token_file is not None:
        return Login(token=_secret(token_file))
    if username is None:
        if password_file is not None:
            raise UnusableError("--password-file goes with --username")
        return Login()
    if password_file is not None:
        return Login(username=username, password=_secret(password_file))
    if not sys.stdin.isatty():
        raise UnusableError("--username needs --password-file where nobody can be asked for the password")
    return Login(username=username, password=getpass(f"Password of {username}: "))


def _secret(file: Path) -> str:
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableError(f"cannot read {file}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    if not found:
        raise UnusableError(f"{file} is empty")
    return found
