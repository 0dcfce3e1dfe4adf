"""One promise, kept alike by a directory and by a bucket."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from common.storage import KeyNotAllowed, ObjectAlreadyStored, Storage, StoredObject, UnsupportedStorage


class Bucket:
    """The part of S3's HTTP interface that storage speaks, on loopback: the outside edge, so a stand-in is right."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}

    async def answer(self, request: web.Request) -> web.Response:
        kept = self.objects.get(request.path)
        if request.method == "PUT":
            if kept is not None and request.headers.get("If-None-Match") == "*":
                return web.Response(status=412)
            self.objects[request.path] = await request.read(), request.headers.get("Content-Type", "")
            return web.Response(headers={"ETag": '"1"'})
        if request.method == "POST" and "delete" in request.query and request.path == "/pictures":
            keys = re.findall(r"<Key>([^<]+)</Key>", await request.text())
            for key in keys:
                self.objects.pop(f"/pictures/{key}", None)
            deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return web.Response(text=f"<DeleteResult>{deleted}</DeleteResult>", content_type="application/xml")
        if kept is None:
            return web.Response(status=404)
        headers = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Content-Type": kept[1]}
        return web.Response(body=kept[0], headers=headers)


@pytest_asyncio.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    bucket = Bucket()
    application = web.Application()
    application.router.add_route("*", "/{key:.*}", bucket.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    environment = {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield bucket
    await runner.cleanup()


@pytest.fixture(params=["directory", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, bucket: Bucket) -> Storage:
    return Storage.from_url(
        f"file://{tmp_path}/a%20place" if request.param == "directory" else "s3://pictures/under/here"
    )


async def test_what_is_put_is_got_with_the_type_of_its_key(storage: Storage) -> None:
    await storage.put("dps/dpc_01/a.jpg", b"picture")
    assert await storage.get("dps/dpc_01/a.jpg") == StoredObject(b"picture", "image/jpeg")
    assert await storage.exists("dps/dpc_01/a.jpg")


async def test_nothing_is_overwritten_unless_asked(storage: Storage) -> None:
    await storage.put("a.png", b"first")
    with pytest.raises(ObjectAlreadyStored):
        await storage.put("a.png", b"second")
    assert await storage.get("a.png") == StoredObject(b"first", "image/png")
    await storage.put("a.png", b"second", replace=True)
    assert await storage.get("a.png") == StoredObject(b"second", "image/png")


async def test_what_is_not_there_is_none_and_may_be_deleted(storage: Storage) -> None:
    assert await storage.get("none.pdf") is None
    assert not await storage.exists("none.pdf")
    await storage.delete("none.pdf")


async def test_a_deleted_object_is_gone(storage: Storage) -> None:
    await storage.put("a.json", b"{}")
    await storage.delete("a.json")
    assert await storage.get("a.json") is None
    assert not await storage.exists("a.json")


@pytest.mark.parametrize(
    "key",
    ["", "a", "a.exe", "a.svg", "../a.jpg", "a/../b.jpg", "/a.jpg", "a//b.jpg", "A.jpg", "a b.jpg", ".jpg", "a.jpg/", "a.jpg\n",
     "a.b.jpg", f"{'a' * 252}.jpg"],
)  # fmt: skip
async def test_a_key_that_could_leave_its_place_is_refused_everywhere(
    storage: Storage, key: str, tmp_path: Path, bucket: Bucket
) -> None:
    for attempt in (storage.put(key, b"x"), storage.get(key), storage.exists(key), storage.delete(key)):
        with pytest.raises(KeyNotAllowed):
            await attempt
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert bucket.objects == {}


async def test_deleting_from_a_bucket_that_is_not_there_is_a_fault(bucket: Bucket) -> None:
    with pytest.raises(FileNotFoundError):
        await Storage.from_url("s3://mistyped").delete("a.json")


async def test_a_bucket_is_told_the_type_and_keeps_to_its_prefix(bucket: Bucket) -> None:
    await Storage.from_url("s3://pictures/under/here").put("dps/a.jpg", b"picture")
    assert bucket.objects == {"/pictures/under/here/dps/a.jpg": (b"picture", "image/jpeg")}


async def test_a_directory_keeps_files_where_its_url_says(tmp_path: Path, bucket: Bucket) -> None:
    await Storage.from_url(f"file://{tmp_path}/a%20place").put("dps/a.jpg", b"picture")
    assert (tmp_path / "a place" / "dps" / "a.jpg").read_bytes() == b"picture"


@pytest.mark.parametrize(
    "url", ["", "/tmp/x", "file://host/x", "file:relative", "gs://bucket", "s3://", "memory:///", "http://host/x"]
)
def test_only_a_directory_or_a_bucket_is_storage(url: str) -> None:
    with pytest.raises(UnsupportedStorage):
        Storage.from_url(url)
