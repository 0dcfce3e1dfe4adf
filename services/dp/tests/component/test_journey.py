"""From a template to a shared picture, through HTTP."""

import io
import json
from collections.abc import Callable
from typing import Any

from PIL import Image

from common.messages import DpGenerated
from common.testing import RunService, principals

Stored = Callable[[], list[str]]


async def test_an_attendee_gets_a_picture_of_the_templates_size_with_an_upright_photo_and_nothing_else_in_it(
    run: RunService, campaigning: Any, stored: Stored
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRETPHONE"
    exif.get_ifd(0x8825)[1] = "N"
    upright = Image.new("RGB", (600, 800), (20, 20, 200))
    upright.paste((220, 20, 20), (0, 0, 600, 400))
    out = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", exif=exif, comment=b"SECRETCOMMENT")

    async with run() as world:
        scene = await campaigning(world)
        made = await scene.made(photo=out.getvalue() + b"<script>SECRETTAIL</script>")
        image = await world.get(f"/v1/dp/dps/{made['id']}/image")
        said = await world.said(DpGenerated)

        assert made["status"] == "ready"
        assert made["imageUrl"] == f"https://lanyard.test/v1/dp/dps/{made['id']}/image"
        assert made["shareUrl"] == f"https://lanyard.test/dp/lagos-design-week/{made['id']}"
        assert made["missingCharacters"] == []
        assert image.status_code == 200
        assert image.headers["content-type"] == "image/jpeg"
        assert image.headers["x-content-type-options"] == "nosniff"
        assert image.headers["cache-control"] == "public, max-age=300"
        with Image.open(io.BytesIO(image.content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (1080, 1080))
            above, below = picture.getpixel((540, 200)), picture.getpixel((540, 540))
        assert isinstance(above, tuple) and above[0] > 180 and above[2] < 80
        assert isinstance(below, tuple) and below[2] > 160 and below[0] < 80
        kept = stored()
        assert [name.split("/")[0] for name in kept] == ["photos", "pictures"]
        assert await scene.hub() == [made["id"]]
        assert [(str(message.dp_id), message.status, message.sequence, message.maker_user_id) for message in said] == [
            (made["id"], "ready", 1, None)
        ]
        assert await world.count("unwanted_objects") == 0


async def test_only_re_encoded_bytes_are_stored(
    run: RunService, campaigning: Any, photo: Any, storage_folder: Any
) -> None:
    upload = photo(comment=b"SECRETCOMMENT") + b"SECRETTAIL"
    async with run() as world:
        scene = await campaigning(world)
        await scene.made(photo=upload)
    files = [path.read_bytes() for path in storage_folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(data.startswith(b"\xff\xd8") and b"SECRET" not in data for data in files)


async def test_a_signed_in_maker_is_named_in_the_message_and_needs_no_token(run: RunService, campaigning: Any) -> None:
    maker = principals.user()
    async with run() as world:
        scene = await campaigning(world)
        made = await scene.made(by=maker)
        assert [message.maker_user_id for message in await world.said(DpGenerated)] == [maker.user_id]
        assert (await world.delete(f"/v1/dp/dps/{made['id']}", maker)).status_code == 204


async def test_the_event_of_the_day_stands_on_the_picture(
    run: RunService, campaigning: Any, event_message: Any
) -> None:
    async with run() as world:
        scene = await campaigning(world)
        first = await world.get(f"/v1/dp/dps/{(await scene.made())['id']}/image")
        again = await world.get(f"/v1/dp/dps/{(await scene.made())['id']}/image")
        await world.hear(event_message(sequence=3, name="Abuja Design Week"))
        renamed = await world.get(f"/v1/dp/dps/{(await scene.made())['id']}/image")
        assert first.content == again.content
        assert first.content != renamed.content


async def test_a_picture_of_an_old_template_version_stays_as_it_is(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        made = await scene.made()
        before = (await world.get(f"/v1/dp/dps/{made['id']}/image")).content
        path = f"/v1/dp/templates/{scene.template_id}/versions"
        version = await world.post(path, scene.organiser, json={"preset": "poster"})
        assert (version.status_code, version.json()["version"]) == (201, 2)
        assert (await world.get(f"/v1/dp/dps/{made['id']}/image")).content == before
        assert (await world.get(f"/v1/dp/campaigns/{scene.campaign_id}")).json()["templateVersion"] == 1
        with Image.open(io.BytesIO(before)) as picture:
            assert picture.size == (1080, 1080)


async def test_what_no_font_has_is_told_to_the_maker(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        assert (await scene.made(fields={"name": "Ada 李"}))["missingCharacters"] == ["李"]


async def test_a_design_with_an_image_of_the_organisers_shows_it(
    run: RunService, campaigning: Any, event_message: Any
) -> None:
    frame = io.BytesIO()
    Image.new("RGBA", (100, 100), (0, 250, 0, 255)).save(frame, "PNG")
    event = event_message()
    organiser = principals.member_of(event.organization_id, "manager")
    async with run() as world:
        uploaded = await world.post(
            "/v1/dp/templates/images",
            organiser,
            data={"organizationId": event.organization_id},
            files={"image": ("frame.svg", frame.getvalue(), "image/svg+xml")},
        )
        assert uploaded.status_code == 201, uploaded.text
        scene = await campaigning(
            world,
            design={
                "width": 1200,
                "height": 630,
                "layers": [{"kind": "image", "image": uploaded.json()["image"]}],
            },
        )
        answer = await world.post(f"/v1/dp/campaigns/{scene.campaign_id}/dps", files={"fields": (None, "{}")})
        assert answer.status_code == 201, answer.text
        image = await world.get(f"/v1/dp/dps/{answer.json()['id']}/image")
        with Image.open(io.BytesIO(image.content)) as picture:
            assert picture.size == (1200, 630)
            pixel = picture.getpixel((600, 300))
        assert isinstance(pixel, tuple) and pixel[1] > 240 and pixel[0] < 12
        assert await world.count("unwanted_objects") == 0


async def test_the_gallery_pages_newest_first(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        ids = [(await scene.made())["id"] for _ in range(3)]
        path = f"/v1/dp/campaigns/{scene.campaign_id}/hub"
        first = (await world.get(path, params={"limit": 2})).json()
        rest = (await world.get(path, params={"limit": 2, "cursor": first["nextCursor"]})).json()
        assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
        assert rest["nextCursor"] is None
        assert "ownerToken" not in json.dumps(first)


async def test_an_unchanged_picture_is_not_sent_twice(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        path = f"/v1/dp/dps/{(await scene.made())['id']}/image"
        tag = (await world.get(path)).headers["etag"]
        again = await world.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
