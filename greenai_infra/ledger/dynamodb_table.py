"""A DynamoDB table with the string keys `partition` and `item`: reads items, and runs transactions with retries."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from greenai_infra.ledger.entries import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRIES = 60  # of a transaction that conflicts with others
LONGEST_PAUSE_S = 0.5
_AGAIN = (
    "TransactionInProgressException", "TransactionConflictException", "ThrottlingException",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded",
)  # fmt: skip
_TIES = ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "ConditionalCheckFailed")
Item = dict[str, Any]
Done = TypeVar("Done")


class DynamoTable:
    """A table by its name. boto3 is imported at the first request."""

    def __init__(self, table: str, region: str | None = None, client: Any = None) -> None:
        self.table, self.region = table, region
        self._made = client
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return f"dynamodb:{self.table}" + (f"@{self.region}" if self.region else "")

    def _of(self, key: str | None = None, name: str = "") -> Item:
        where: Item = {"TableName": self.table}
        return where if key is None else {**where, "Key": wire({"partition": key, "item": name})}

    def _read(self, key: str, *names: str) -> list[Item | None]:
        return [self._get(key, name) for name in names]

    def _get(self, key: str, name: str) -> Item | None:
        found = self._call("get_item", **self._of(key, name), ConsistentRead=True).get("Item")
        return plain(found) if found else None

    def _query(self, key: str) -> Iterator[Item]:
        asked: Item = {
            **self._of(),
            "KeyConditionExpression": "#partition = :key",
            "ExpressionAttributeNames": {"#partition": "partition"},
            "ExpressionAttributeValues": wire({":key": key}),
            "ConsistentRead": True,
        }
        while True:
            page = self._call("query", **asked)
            yield from map(plain, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _write(self, items: list[Item]) -> None:
        self._call("transact_write_items", TransactItems=items)

    def _until_done(self, attempt: Callable[[], Done]) -> Done:
        """The outcome of a transaction; reads and tries again while others conflict with it."""
        for turn in range(TRIES):
            try:
                return attempt()
            except InTheWay:
                time.sleep(random.uniform(0, min(LONGEST_PAUSE_S, 0.01 * 2**turn)))
        raise LedgerError(f"{self} is too busy: {TRIES} attempts conflicted with other transactions; try again")

    def _call(self, operation: str, **arguments: Any) -> Item:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return cast("Item", getattr(self._client(), operation)(**arguments))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reasons = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", ())]
            if code in _AGAIN or (reasons and all(reason in (*_TIES, "None") for reason in reasons)):
                raise InTheWay from None
            if code == "ResourceNotFoundException":
                raise LedgerError(f"{self}: the table does not exist; a stack with program: ledger builds it") from None
            raise LedgerError(f"{self}: {code}: {error.response['Error'].get('Message', '')}".rstrip(": ")) from None
        except BotoCoreError as error:
            raise LedgerError(f"{self}: {error}") from None

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = _boto3().session.Session().client("dynamodb", region_name=self.region)
            return self._made

    def _put_new(self, key: str, name: str, values: Item) -> Item:
        none = {"ConditionExpression": "attribute_not_exists(#item)", "ExpressionAttributeNames": {"#item": "item"}}
        return {"Put": {**self._of(), "Item": wire({"partition": key, "item": name, **values}), **none}}

    def _none_yet(self, key: str, name: str) -> Item:
        return {
            "ConditionCheck": {
                **self._of(key, name),
                "ConditionExpression": "attribute_not_exists(#item)",
                "ExpressionAttributeNames": {"#item": "item"},
            }
        }


class InTheWay(Exception):
    """Another transaction was faster, or the items that were read have changed."""


def _boto3() -> Any:
    try:
        import boto3
        import boto3.dynamodb.types
    except ImportError:
        raise LedgerError("a ledger in DynamoDB needs boto3: pip install 'greenai-infra[aws]'") from None
    return boto3


def wire(values: Item) -> Item:
    """Values in the form of DynamoDB's API."""
    return {name: _boto3().dynamodb.types.TypeSerializer().serialize(value) for name, value in values.items()}


def plain(item: Item) -> Item:
    return {name: _boto3().dynamodb.types.TypeDeserializer().deserialize(value) for name, value in item.items()}
