"""What is wrong with a CSV file as such: cut, in another encoding, without a column, not a CSV file at all."""

import gzip
from collections.abc import Callable
from random import Random

from .fault import Must

Lines = list[str]
PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>"


def lines(change: Callable[[Lines, Random], None]) -> Callable[[bytes, Random], bytes]:
    """Changes the lines: three of declarations, then the names of columns, then rows."""

    def text(content: bytes, rng: Random) -> bytes:
        all_lines = content.decode().splitlines()
        change(all_lines, rng)
        return ("\n".join(all_lines) + "\n").encode()

    return text


def columns(change: Callable[[list[str]], list[str]], *, rows_only: bool = False) -> Callable[[bytes, Random], bytes]:
    """Changes the fields of every row, and of the names."""

    def each(all_lines: Lines, rng: Random) -> None:
        for number in range(4 if rows_only else 3, len(all_lines)):
            all_lines[number] = ",".join(change(all_lines[number].split(",")))

    return lines(each)


def one_row(change: Callable[[str], str]) -> Callable[[bytes, Random], bytes]:
    """Changes one row."""

    def some(all_lines: Lines, rng: Random) -> None:
        number = rng.randrange(4, len(all_lines))
        all_lines[number] = change(all_lines[number])

    return lines(some)


def put(number: int, line: str | None) -> Callable[[bytes, Random], bytes]:
    """Replaces or removes the line of that number."""

    def change(all_lines: Lines, rng: Random) -> None:
        all_lines[number : number + 1] = [] if line is None else [line]

    return lines(change)


def whole(change: Callable[[bytes], bytes]) -> Callable[[bytes, Random], bytes]:
    """Changes the bytes."""
    return lambda content, rng: change(content)


def blank(all_lines: Lines, rng: Random) -> None:
    for _ in range(3):
        all_lines.insert(rng.randrange(4, len(all_lines)), "")


WAYS: dict[str, tuple[Callable[[bytes, Random], bytes], Must]] = {
    "byte order mark": (whole(lambda content: b"\xef\xbb\xbf" + content), Must.ANSWER),
    "CRLF": (whole(lambda content: content.replace(b"\n", b"\r\n")), Must.ANSWER),
    "no last newline": (whole(bytes.rstrip), Must.ANSWER),
    "blank lines": (lines(blank), Must.ANSWER),
    "one more column": (columns(lambda fields: [*fields, "x"]), Must.ANSWER),
    "columns in another order": (columns(lambda fields: fields[::-1]), Must.ANSWER),
    "everything quoted": (columns(lambda fields: [f'"{field}"' for field in fields]), Must.ANSWER),
    "empty": (whole(lambda content: b""), Must.REFUSE),
    "zeros": (whole(lambda content: b"\x00" * 1000), Must.REFUSE),
    "a zero byte in a row": (one_row(lambda row: "\x00" + row), Must.EITHER),
    "UTF-16": (whole(lambda content: content.decode().encode("utf-16")), Must.REFUSE),
    "Latin-1": (whole(lambda content: "# source: r\xe9seau\n".encode("latin-1") + content), Must.REFUSE),
    "gzip": (whole(gzip.compress), Must.REFUSE),
    "a web page": (whole(lambda content: PAGE), Must.REFUSE),
    "JSON": (whole(lambda content: b'[{"zone": "FR", "g_per_kwh": 1}]'), Must.REFUSE),
    "semicolons": (whole(lambda content: content.replace(b",", b";")), Must.REFUSE),
    "no names of columns": (put(3, None), Must.REFUSE),
    "no rows": (lines(lambda all_lines, rng: all_lines.__delitem__(slice(4, None))), Must.REFUSE),
    "a column renamed": (put(3, "zone,datetime,gCO2"), Must.REFUSE),
    "a column twice": (columns(lambda fields: [*fields, fields[0]]), Must.REFUSE),
    "a column missing": (columns(lambda fields: fields[:2]), Must.REFUSE),
    "a column missing in rows": (columns(lambda fields: fields[:2], rows_only=True), Must.REFUSE),
    "a field missing in a row": (one_row(lambda row: row.rpartition(",")[0]), Must.EITHER),
    "a field more in a row": (one_row(lambda row: row + ",7"), Must.EITHER),
    "fields swapped in rows": (
        columns(lambda fields: [fields[0], fields[2], fields[1]], rows_only=True),
        Must.REFUSE,
    ),
    "no zone in a row": (one_row(lambda row: "," + row.partition(",")[2]), Must.EITHER),
    "an open quote": (one_row(lambda row: '"' + row), Must.EITHER),
    "a huge field": (one_row(lambda row: "x" * 200_000 + row), Must.EITHER),
    "no signal": (put(0, "# a comment"), Must.REFUSE),
    "unknown signal": (put(0, "# signal: wishful"), Must.REFUSE),
    "misspelt basis": (put(1, "# bassis: lifecycle"), Must.REFUSE),
    "two signals": (put(3, "# signal: marginal\nzone,datetime,g_per_kwh"), Must.REFUSE),
    "issued in the future": (put(2, "# kind: forecast\n# issued_at: 2150-01-01T00:00:00Z"), Must.REFUSE),
    "issued nobody knows when": (put(2, "# kind: forecast\n# issued_at: 2026-01-01"), Must.REFUSE),
}
