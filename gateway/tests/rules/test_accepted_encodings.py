"""When a client takes gzip: RFC 9110 section 12.5.3, read so that a doubt leaves the bytes as they are."""

import zlib

import pytest

from gateway.compression import ON_THE_LOOP, packed, packed_headers, takes_gzip


@pytest.mark.parametrize(
    "values",
    [
        [b"gzip"],
        [b"GZIP"],
        [b"x-gzip"],
        [b"deflate, gzip;q=0.5, br"],
        [b"gzip;q=0.001"],
        [b"gzip ; q=1.0"],
        [b"gzip;Q=1."],
        [b"*"],
        [b"br;q=0, *;q=0.5"],
        [b"identity;q=0, *"],
        [b"identity;q=0.5, gzip;q=0.5"],
        [b"br", b"gzip"],
        [b",, gzip ,"],
    ],
)
def test_a_client_that_takes_gzip_gets_it(values: list[bytes]) -> None:
    assert takes_gzip(values)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b"br, zstd"],
        [b"gzip;q=0"],
        [b"gzip;q=0.000"],
        [b"*;q=0"],
        [b"gzip;q=0, *"],
        [b"identity"],
        [b"identity;q=1, gzip;q=0.5"],
        [b"gzip;q=nan"],
        [b"gzip;q=inf"],
        [b"gzip;q=2"],
        [b"gzip;q=-1"],
        [b"gzip;q="],
        [b"gzip;level=9"],
        [b"gzip;q=1;q=0"],
        [b"gzip;q=1e-3"],
        [b"gzip;q=0_1"],
        [b"gzip;q=+1"],
        [b"gzip;q=0.0001"],
        [b"gzip;q=1.001"],
        [b"gzip;q=0, gzip"],
        [b"gzip, x-gzip;q=0"],
        [b"not-gzip"],
        [b"gzip\xff"],
    ],
)
def test_a_client_that_does_not_clearly_take_gzip_gets_plain_bytes(values: list[bytes]) -> None:
    assert not takes_gzip(values)


def test_compressed_headers_tell_no_old_length_and_a_weak_tag() -> None:
    headers = [
        (b"content-type", b"text/css"),
        (b"content-length", b"9000"),
        (b"etag", b'"1"'),
        (b"accept-ranges", b"bytes"),
    ]
    assert packed_headers(headers) == [
        (b"content-type", b"text/css"),
        (b"etag", b'W/"1"'),
        (b"content-encoding", b"gzip"),
        (b"vary", b"accept-encoding"),
    ]
    assert packed_headers([(b"etag", b'W/"1"')])[0] == (b"etag", b'W/"1"')


@pytest.mark.parametrize("size", [2_000, ON_THE_LOOP + 1])
async def test_what_is_compressed_reads_the_same_and_the_same_each_time(size: int) -> None:
    body = (b'{"name":"Lagos Nights"},' * size)[:size]
    small = await packed(body)
    assert zlib.decompress(small, 16 + zlib.MAX_WBITS) == body
    assert len(small) < size / 10
    assert await packed(body) == small
