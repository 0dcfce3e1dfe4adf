"""What llhttp finds in an answer, and what of it is refused: an answer that could mean two things means nothing."""

from math import inf

import httptools

from gateway.upstream.failures import AnswerMalformed

MAX_HEADERS = 200
MAX_HEADER_BYTES = 64 * 1024


class Reading:
    """The answer that is being read on a connection, and the parser that reads it."""

    __slots__ = (
        "_broken_by",
        "_chunked",
        "_chunks",
        "_complete",
        "_ends_at_close",
        "_fed",
        "_has_head",
        "_held",
        "_length_given",
        "_method",
        "_parser",
        "_parser_clean",
        "_spoiled",
        "deadline",
        "headers",
        "status",
    )

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser
        self._parser_clean = False
        """Whether the parser has read a whole answer and stands at the beginning of the next."""
        self._method = ""
        self._has_head = self._complete = self._spoiled = False
        self._length_given = self._chunked = self._ends_at_close = False
        self._fed = 0
        """Bytes taken in until the head was whole."""
        self._chunks: list[bytes] = []
        self._held = 0
        self._broken_by: Exception | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.deadline = inf
        """The loop's time by which the head must have come; kept by `Watch`, which costs less than a timer."""

    def on_message_begin(self) -> None:
        """llhttp: an answer begins, perhaps an interim one."""
        if self._complete:
            raise AnswerMalformed("more than one answer")
        self.headers = []
        self._length_given = self._chunked = self._ends_at_close = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: one field."""
        if self._has_head:
            return  # trailers are not passed on
        name = name.lower()
        self.headers.append((name, value))
        if name == b"content-length":
            self._length_given = True
        elif name == b"transfer-encoding":
            if self._chunked or value.lower() != b"chunked":
                raise AnswerMalformed("a transfer coding other than chunked")
            self._chunked = True

    def on_headers_complete(self) -> None:
        """llhttp: the head is whole."""
        parser = self._parser
        status = parser.get_status_code()
        version = parser.get_http_version()
        if version not in ("1.1", "1.0") or (self._chunked and version == "1.0") or not 100 <= status <= 599:
            raise AnswerMalformed("not an HTTP/1.1 answer")
        if len(self.headers) > MAX_HEADERS or (
            self._fed > MAX_HEADER_BYTES and self._header_bytes() > MAX_HEADER_BYTES
        ):
            raise AnswerMalformed("too many headers")
        if status < 200:
            if status == 101:
                raise AnswerMalformed("switched protocols unasked")
            return
        self.status = status
        self._has_head = True
        self.deadline = inf
        if not parser.should_keep_alive():
            self._spoiled = True
        bodiless = self._method == "HEAD" or status == 204 or status == 304
        self._ends_at_close = not (self._length_given or self._chunked or bodiless)
        if bodiless:
            self._complete = True

    def on_body(self, body: bytes) -> None:
        """llhttp: a part of the body."""
        if self._complete:
            raise AnswerMalformed("a body where none may be")
        self._chunks.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        """llhttp: the answer, or an interim one, ends. Only after a whole one does the parser stand at a beginning."""
        if self._has_head:
            self._complete = self._parser_clean = True

    def _header_bytes(self) -> int:
        return sum(len(name) + len(value) for name, value in self.headers)
