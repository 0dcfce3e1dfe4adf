"""What is refused, by whom it may be asked, and that nothing is half done then."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from common.ids import DpCampaignId, DpId, DpTemplateId, OrganizationId
from common.messages import DpGenerated
from common.principal import ANONYMOUS
from common.testing import RunService, principals

Stored = Callable[[], list[str]]


def png(*frames: Image.Image) -> bytes:
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=len(frames) > 1, append_images=frames[1:])
    return out.getvalue()


BAD_PHOTOS = {
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "images.unsupported_format"),
    "half a JPEG": (None, 422, "images.truncated"),
    "an animation": (png(*[Image.new("RGB", (9, 9), (n, 0, 0)) for n in range(9)]), 422, "images.animated"),
    "a ribbon": (png(Image.new("RGB", (700, 9))), 422, "images.too_elongated"),
    "too many pixels": (png(Image.new("1", (8_000, 6_000))), 422, "images.too_many_pixels"),
    "too many bytes": (b"\xff\xd8\xff" + bytes(10_000_000), 413, "images.too_large"),
}


@pytest.mark.parametrize("kind", BAD_PHOTOS)
async def test_a_bad_photo_is_refused_with_its_own_code_and_leaves_nothing(
    run: RunService, campaigning: Any, stored: Stored, kind: str
) -> None:
    data, status, code = BAD_PHOTOS[kind]
    async with run() as world:
        scene = await campaigning(world)
        answer = await scene.make(photo=scene.photo[: len(scene.photo) // 2] if data is None else data)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert await world.count("dps") == 0
        assert await world.count("unwanted_objects") == 0
        assert await world.said(DpGenerated) == []
        assert stored() == []


@pytest.mark.parametrize(
    ("parts", "code", "pointer"),
    [
        ({"fields": "not json"}, "dp.form_not_readable", "/fields"),
        ({"fields": '["Ada"]'}, "dp.form_not_readable", "/fields"),
        ({"fields": '{"name": 7}'}, "dp.form_not_readable", "/fields/name"),
        ({"fields": '{"name": ""}'}, "dp.field_missing", "/fields/name"),
        ({"fields": json.dumps({"name": "a" * 81})}, "dp.field_too_long", "/fields/name"),
        ({"fields": '{"name": "Ada", "rank": "1"}'}, "dp.field_not_asked", "/fields/rank"),
        ({"fields": '{"name": "Ada"}', "crop": '{"x": 0}'}, "dp.form_not_readable", "/crop/y"),
        (
            {"fields": '{"name": "Ada"}', "crop": '{"x": 0.9, "y": 0, "width": 0.5, "height": 0.5}'},
            "dp.crop_outside_photo",
            "/crop",
        ),
        ({"fields": '{"name": "Ada"}', "surprise": "!"}, "dp.form_not_readable", "/surprise"),
        ({"fields": "x" * 10_001}, "common.invalid_request", "/fields"),
    ],
)
async def test_a_bad_form_is_refused_by_the_part_at_fault(
    run: RunService, campaigning: Any, parts: dict[str, str], code: str, pointer: str
) -> None:
    async with run() as world:
        scene = await campaigning(world)
        path = f"/v1/dp/campaigns/{scene.campaign_id}/dps"
        answer = await world.post(path, files={"photo": ("me.jpg", scene.photo)}, data=parts)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, code)
        assert problem["errors"][0]["pointer"] == pointer
        assert await world.count("dps") == 0


async def test_a_picture_that_shows_a_photo_is_not_made_without_one(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        path = f"/v1/dp/campaigns/{scene.campaign_id}/dps"
        answer = await world.post(path, files={"fields": (None, '{"name": "Ada"}')})
        assert (answer.status_code, answer.json()["code"]) == (422, "dp.photo_missing")
        assert await world.count("dps") == 0


async def test_no_picture_is_made_before_a_campaign_is_published_or_after_its_event_is_cancelled(
    run: RunService, campaigning: Any, event_message: Any
) -> None:
    async with run() as world:
        scene = await campaigning(world)
        body = {"eventId": scene.event.event_id, "templateId": scene.template_id, "slug": "second"}
        draft = (await world.post("/v1/dp/campaigns", scene.organiser, json=body)).json()["id"]
        path = f"/v1/dp/campaigns/{draft}/dps"
        upload: Any = {"files": {"photo": ("p", scene.photo)}, "data": {"fields": '{"name": "Ada"}'}}
        early = await world.post(path, scene.organiser, **upload)
        assert (early.status_code, early.json()["code"]) == (409, "dp.campaign_not_published")
        nowhere = await world.post(f"/v1/dp/campaigns/{principals.fresh(DpCampaignId)}/dps", **upload)
        for stranger in (ANONYMOUS, principals.user()):
            told = (await world.post(path, stranger, **upload)).json()
            assert told["status"] == 404
            assert {**told, "traceId": ""} == {**nowhere.json(), "traceId": ""}
        await world.hear(event_message(sequence=9, status="cancelled"))
        late = await scene.make()
        assert (late.status_code, late.json()["code"]) == (409, "dp.event_cancelled")
        publish = await world.post(f"/v1/dp/campaigns/{draft}/publish", scene.organiser)
        assert (publish.status_code, publish.json()["code"]) == (409, "dp.event_cancelled")
        assert await world.count("dps") == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "x"}, "common.invalid_request"),
        ({"name": "x", "organizationId": "evt_01h455vb4pex5vsknk084sn02q"}, "common.invalid_request"),
        ({"surprise": 1}, "common.invalid_request"),
        ({"preset": "unknown"}, "common.invalid_request"),
        ({"design": {"width": 1080, "height": 1080, "layers": []}}, "common.invalid_request"),
        ({"design": {"width": 1080, "height": 1080, "layers": [{"kind": "video"}]}}, "common.invalid_request"),
        ({"design": {"width": 9, "height": 9, "layers": [{"kind": "fill", "paint": {"colours": ["#000000"]}}]}},
         "dp.template_not_allowed"),
        ({"design": {"width": 1080, "height": 1080, "layers": [{"kind": "image", "image": f"designs/{'0' * 32}.png"}]}},
         "dp.template_image_missing"),
        ({"design": {"width": 1080, "height": 1080, "layers": [{"kind": "image", "image": "../../etc/passwd"}]}},
         "common.invalid_request"),
    ],
)  # fmt: skip
async def test_a_bad_design_is_refused_and_not_kept(run: RunService, body: dict[str, Any], code: str) -> None:
    organization_id = principals.fresh(OrganizationId)
    whole = {"organizationId": organization_id, "name": "Ours", **body} if "name" not in body else body
    async with run() as world:
        answer = await world.post("/v1/dp/templates", principals.member_of(organization_id, "owner"), json=whole)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert await world.count("templates") == 0


async def test_what_does_not_exist_is_not_found(run: RunService) -> None:
    campaign, dp, template = (principals.fresh(kind) for kind in (DpCampaignId, DpId, DpTemplateId))
    admin = principals.platform("admin")
    async with run() as world:
        for path in (
            f"campaigns/{campaign}",
            f"campaigns/{campaign}/hub",
            f"dps/{dp}",
            f"dps/{dp}/image",
            f"templates/{template}",
        ):
            assert (await world.get(f"/v1/dp/{path}", admin)).status_code == 404, path
        assert (await world.delete(f"/v1/dp/dps/{dp}", admin)).status_code == 404
        assert (await world.get(f"/v1/dp/dps/{campaign}", admin)).status_code == 422


async def test_a_full_studio_says_come_back_and_keeps_nothing(
    run: RunService, campaigning: Any, stored: Stored
) -> None:
    async with run(settings={"render_threads": 1, "render_waiting": 0}) as world:
        scene = await campaigning(world)
        studio = world.app.state.maker.studio
        async with studio.desk(), studio.desk():
            answer = await scene.make()
        assert (answer.status_code, answer.json()["code"]) == (503, "dp.busy")
        assert answer.headers["retry-after"] == "2"
        assert await world.count("dps") == 0
        assert stored() == []
        assert (await scene.make()).status_code == 201
