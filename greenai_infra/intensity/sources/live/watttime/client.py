"""Asking WattTime: a login with user name and password, then questions with the returned token.

The official client (`watttime` 1.4 on PyPI, MIT) is unsuitable here: it needs pandas, puts user name and password into
the environment, where every child process finds them, sets up the root logger when it is imported, has no bound on the
time of a call, and checks neither region, unit nor signal of an answer.
"""

from __future__ import annotations

import time
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenai_infra.intensity.model.questions import AnswerError, Failure, Question
from greenai_infra.intensity.service.http import TOTAL_TIMEOUT_S, Client
from greenai_infra.intensity.sources.live.watttime.answers import read_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.intensity.model.settings import SignIn

UNAUTHORIZED = 401
FORBIDDEN = 403


class WattTimeClient:
    """Logs in when first asked, and once more where an older token is refused: it is valid for 30 minutes.

    The password is sent to `/login` only. A login that failed is not tried again, since WattTime allows a hundred in
    five minutes. Not for use by several threads at once.
    """

    def __init__(self, access: SignIn, total_timeout_s: float | None = None) -> None:
        self._access = access
        self._timeout_s = total_timeout_s or TOTAL_TIMEOUT_S
        self._signed_in: Client | Failure | None = None

    def fetch_all(self, questions: Sequence[Question]) -> list[Any | Failure]:
        """The JSON value that answers each question, or why it is missing; login included, within the total timeout."""
        deadline = time.monotonic() + self._timeout_s
        is_new = self._signed_in is None
        answers = self._ask(questions, deadline)
        refused = [index for index, one in enumerate(answers) if _status(one) == UNAUTHORIZED]
        if refused and not is_new and isinstance(self._signed_in, Client):
            self._signed_in = None
            again = self._ask([questions[index] for index in refused], deadline)
            for index, answer in zip(refused, again, strict=True):
                answers[index] = answer
        return answers

    def _ask(self, questions: Sequence[Question], deadline: float) -> list[Any | Failure]:
        if self._signed_in is None:
            self._signed_in = self._log_in(deadline)
        if isinstance(self._signed_in, Failure):
            return [self._signed_in] * len(questions)
        return self._signed_in.fetch_all(questions, within_s=_left(deadline))

    def _log_in(self, deadline: float) -> Client | Failure:
        user, password = self._access.user, self._access.password
        basic = b64encode(f"{user}:{password}".encode()).decode()
        login = Client(self._access.base_url, headers={"authorization": f"Basic {basic}"}, secrets=[password, basic])
        (answer,) = login.fetch_all([Question("login")], within_s=_left(deadline))
        if isinstance(answer, Failure):
            reason = f"login: {answer.reason}"
            if answer.status in (UNAUTHORIZED, FORBIDDEN):
                reason = f"the login was refused (HTTP {answer.status}); check user name and password"
            return replace(answer, reason=reason, status=0)
        try:
            token = read_token(answer)
        except AnswerError as error:
            return Failure(str(error), transient=True)
        return Client(
            self._access.base_url, headers={"authorization": f"Bearer {token}"}, secrets=[token, password, basic]
        )


def _status(answer: object) -> int:
    return answer.status if isinstance(answer, Failure) else 0


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
