"""Templates: `/v1/dp/templates`."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, UploadFile

from common.ids import DpTemplateId, OrganizationId
from common.paging import newest_first
from common.schemas import Cursor, Limit, Page
from common.service import CurrentPrincipal, Db
from dp.actions.save_template import (
    IMAGE_LIMITS,
    add_template_version,
    check_may_read,
    create_template,
    store_template_image,
    template_to_read,
)
from dp.api.forms import OnlyParts, read_file
from dp.schemas.templates import NewTemplate, NewVersion, TemplateImageView, TemplateView
from dp.store import templates

router = APIRouter()

ThisTemplate = Annotated[DpTemplateId, Path(alias="templateId")]


@router.post("/v1/dp/templates", status_code=201)
async def post_template(body: NewTemplate, principal: CurrentPrincipal, db: Db) -> TemplateView:
    """Keep a design as a new template."""
    async with db.transaction() as tx:
        template = await create_template(tx, principal, body.organization_id, body.name, body.chosen())
    return TemplateView.of(template)


@router.get("/v1/dp/templates")
async def get_templates(
    principal: CurrentPrincipal,
    db: Db,
    organization_id: Annotated[OrganizationId, Query(alias="organizationId")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[TemplateView]:
    """An organisation's templates, newest first."""
    check_may_read(principal, organization_id)
    async with db.transaction() as tx:
        query = templates.templates_of(organization_id)
        return await newest_first(
            tx,
            query,
            templates.ID,
            DpTemplateId,
            cursor,
            limit,
            lambda row: TemplateView.of(templates.template_of(row)),
        )


@router.post("/v1/dp/templates/images", status_code=201, dependencies=[Depends(OnlyParts("organizationId", "image"))])
async def post_template_image(
    request: Request,
    principal: CurrentPrincipal,
    db: Db,
    organization_id: Annotated[OrganizationId, Form(alias="organizationId")],
    image: Annotated[UploadFile, File(description="JPEG, PNG or WebP, at most 10 MB")],
) -> TemplateImageView:
    """Upload an image for designs of this organisation; an image layer names it by what is answered."""
    state = request.app.state
    upload = await read_file(image, IMAGE_LIMITS.file_bytes)
    name = await store_template_image(db, state.gallery, state.maker.studio, principal, organization_id, upload)
    return TemplateImageView(image=name)


@router.get("/v1/dp/templates/{templateId}")
async def get_template(template_id: ThisTemplate, principal: CurrentPrincipal, db: Db) -> TemplateView:
    """A template in its newest version."""
    async with db.transaction() as tx:
        return TemplateView.of(await template_to_read(tx, principal, template_id))


@router.post("/v1/dp/templates/{templateId}/versions", status_code=201)
async def post_version(
    template_id: ThisTemplate, body: NewVersion, principal: CurrentPrincipal, db: Db
) -> TemplateView:
    """Keep a further version; campaigns and pictures stay with theirs."""
    async with db.transaction() as tx:
        template = await add_template_version(tx, principal, template_id, body.chosen())
    return TemplateView.of(template)
