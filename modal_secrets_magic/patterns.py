"""Credentials by their looks, where nobody is there who knows the values: detect-secrets' plugins.

Its detectors by pattern only; those by entropy and by keyword report too much of a notebook.
"""

from __future__ import annotations

import functools
import re
from typing import Any

#: Detectors that know a shape, by their names in detect-secrets 1.5.
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "CloudantDetector", "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector",
    "IbmCloudIamDetector", "IbmCosHmacDetector", "JwtTokenDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector",
    "SendGridDetector", "SlackDetector", "SoftlayerDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip

#: What says of a line that it is meant (detect-secrets, "Inline Allowlisting").
_ALLOWED = re.compile(r"pragma: ?(allow|white)list[ -]secret")

#: Longer lines are data.
_LONGEST_LINE = 5_000


@functools.cache
def _detectors() -> list[Any]:
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    known: Any = get_mapping_from_secret_type_to_class().values()
    return [each() for each in known if each.__name__ in _DETECTORS]


def credentials_in(text: str) -> list[tuple[int, str]]:
    """Return the lines of a text that hold what looks like a credential, from 1, and its kind."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > _LONGEST_LINE or _ALLOWED.search(line):
            continue
        for detector in _detectors():
            if any(True for _ in detector.analyze_string(line)):
                found.append((number, str(detector.secret_type)))
                break
    return found
