"""Why there is no complete answer, in a few words that hold neither the address nor a secret.

WebError            no complete answer
|-- WebSetupError   the environment names a proxy or certificates that can't be used
|-- NotReached      the request did not arrive: nothing was done
|-- NoAnswer        the request was sent, and no complete answer came: it may have been done
|   `-- Late        the time was over
`-- TooLarge        the answer is larger than the caller takes
"""

from __future__ import annotations

from greenai_infra.errors import GreenAIError


class WebError(GreenAIError):
    """No complete answer."""

    sent = True
    """Whether the service may have done what was asked."""


class WebSetupError(WebError):
    """A setting of this machine's environment keeps everything from the web; names the variable."""

    sent = False


class NotReached(WebError):
    """Nothing was asked: no such host, no connection, no TLS, a proxy that refuses."""

    sent = False


class NoAnswer(WebError):
    """The answer did not come, or broke off."""


class Late(NoAnswer):
    """The time for the answer is over."""


class TooLarge(WebError):
    """The answer has more bytes than the caller takes."""
