"""Who may write templates and campaigns, and who may read them."""

import io
from typing import Any

import pytest
from PIL import Image

from common.ids import DpTemplateId, EventId, OrganizationId, WorkspaceId
from common.principal import ANONYMOUS
from common.testing import RunService, principals


@pytest.fixture
def small_png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "PNG")
    return out.getvalue()


async def test_only_an_organisations_designers_may_write_its_templates(run: RunService, small_png: bytes) -> None:
    organization_id = principals.fresh(OrganizationId)
    body = {"organizationId": organization_id, "name": "Ours"}
    callers = [
        (ANONYMOUS, 404),
        (principals.user(), 404),
        (principals.member_of(principals.fresh(OrganizationId), "owner"), 404),
        (principals.workspace_member(principals.fresh(WorkspaceId), "manager"), 404),
        (principals.member_of(organization_id, "viewer"), 403),
        (principals.member_of(organization_id, "suspended"), 403),
        (principals.device_of(organization_id), 404),
        (principals.member_of(organization_id, "manager"), 201),
        (principals.platform("admin"), 201),
    ]
    async with run() as world:
        for caller, expected in callers:
            before = await world.count("templates")
            answer = await world.post("/v1/dp/templates", caller, json=body)
            assert answer.status_code == expected, (caller, answer.text)
            assert await world.count("templates") == before + (expected == 201)
            image = {"image": ("a.png", small_png)}
            upload = await world.post(
                "/v1/dp/templates/images", caller, data={"organizationId": organization_id}, files=image
            )
            assert upload.status_code == expected, upload.text
        assert (await world.client.post("/v1/dp/templates", json=body)).status_code == 401


async def test_another_organisations_template_is_as_if_it_were_not_there(run: RunService) -> None:
    theirs, stranger = principals.fresh(OrganizationId), principals.member_of(principals.fresh(OrganizationId), "owner")
    async with run() as world:
        body = {"organizationId": theirs, "name": "Theirs"}
        made = await world.post("/v1/dp/templates", principals.member_of(theirs, "owner"), json=body)
        paths = [f"/v1/dp/templates/{one}" for one in (made.json()["id"], principals.fresh(DpTemplateId))]
        reads = [(await world.get(path, stranger)).json() for path in paths]
        writes = [(await world.post(f"{path}/versions", stranger, json={})).json() for path in paths]
        for there, nowhere in (reads, writes):
            assert (there["status"], there["code"]) == (404, "common.not_found")
            assert {**there, "traceId": ""} == {**nowhere, "traceId": ""}
        assert await world.count("template_versions") == 1


async def test_another_organisations_image_cannot_be_shown(run: RunService, small_png: bytes) -> None:
    theirs, ours = principals.fresh(OrganizationId), principals.fresh(OrganizationId)
    async with run() as world:
        image = {"image": ("a.png", small_png)}
        owner = principals.member_of(theirs, "owner")
        answer = await world.post("/v1/dp/templates/images", owner, data={"organizationId": theirs}, files=image)
        design = {"width": 1080, "height": 1080, "layers": [{"kind": "image", "image": answer.json()["image"]}]}
        body = {"organizationId": ours, "name": "Ours", "design": design}
        refused = await world.post("/v1/dp/templates", principals.member_of(ours, "owner"), json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "dp.template_image_missing")


async def test_a_campaign_needs_an_event_and_a_template_of_the_same_organisation(
    run: RunService, campaigning: Any
) -> None:
    stranger = principals.member_of(principals.fresh(OrganizationId), "owner")
    async with run() as world:
        scene = await campaigning(world)
        known = {"eventId": scene.event.event_id, "templateId": scene.template_id}
        foreign = await world.post(
            "/v1/dp/templates", stranger, json={"organizationId": next(iter(stranger.organization_roles)), "name": "X"}
        )
        attempts = [
            (scene.organiser, known | {"eventId": principals.fresh(EventId)}, 404, "dp.event_not_known"),
            (scene.organiser, known | {"templateId": principals.fresh(DpTemplateId)}, 404, "dp.template_not_found"),
            (scene.organiser, known | {"templateId": foreign.json()["id"]}, 404, "dp.template_not_found"),
            (scene.organiser, known, 409, "dp.slug_taken"),
            (scene.organiser, known | {"slug": "x", "fields": []}, 422, "dp.fields_incomplete"),
            (scene.organiser, known | {"slug": "No Slug"}, 422, "common.invalid_request"),
            (stranger, known | {"slug": "x"}, 403, "common.missing_capability"),
            (ANONYMOUS, known | {"slug": "x"}, 403, "common.missing_capability"),
        ]
        for caller, body, status, code in attempts:
            answer = await world.post("/v1/dp/campaigns", caller, json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        unknown = await world.post("/v1/dp/campaigns", scene.organiser, json=attempts[0][1])
        assert unknown.headers["retry-after"] == "1"
        assert await world.count("campaigns") == 1


async def test_a_draft_is_its_teams_and_a_published_campaign_everyones(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        body = {"eventId": scene.event.event_id, "templateId": scene.template_id, "slug": "second", "name": "Speakers"}
        draft = (await world.post("/v1/dp/campaigns", scene.organiser, json=body)).json()["id"]
        for address in (draft, "second"):
            assert (await world.get(f"/v1/dp/campaigns/{address}")).status_code == 404
            assert (await world.get(f"/v1/dp/campaigns/{address}", scene.organiser)).status_code == 200
        assert (await world.get(f"/v1/dp/campaigns/{draft}/hub")).status_code == 404
        assert (await world.post(f"/v1/dp/campaigns/{draft}/publish", principals.user())).status_code == 404
        viewer = principals.member_of(scene.event.organization_id, "viewer")
        assert (await world.post(f"/v1/dp/campaigns/{draft}/publish", viewer)).status_code == 403
        assert (await world.get(f"/v1/dp/campaigns/{draft}", scene.organiser)).json()["status"] == "draft"
        public = (await world.get("/v1/dp/campaigns/lagos-design-week")).json()
        assert (public["name"], public["slug"]) == ("Lagos Design Week", "lagos-design-week")
        assert public["event"]["date"] == "Saturday 13 March 2027, 10:00"
        assert public["fields"] == [{"name": "name", "label": "Name", "required": True, "maxLength": 80}]
        path = f"/v1/dp/campaigns?eventId={scene.event.event_id}"
        listed = (await world.get(path, scene.organiser)).json()["items"]
        assert [(item["slug"], item["name"]) for item in listed] == [
            ("second", "Speakers"),
            ("lagos-design-week", "Lagos Design Week"),
        ]
        assert (await world.get(path, principals.user())).status_code == 404
