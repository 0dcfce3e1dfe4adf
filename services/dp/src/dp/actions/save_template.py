"""Save a design: as a new template, or as a further version of one. Its images are uploaded before."""

from datetime import timedelta
from functools import partial
from typing import Final

from common.capabilities import Capability, Scope, require_capability
from common.db import Database, Transaction
from common.ids import DpTemplateId, OrganizationId
from common.images import Limits, clean
from common.principal import Principal
from common.refusals import NotFound
from dp.adapters.gallery import Gallery, new_key
from dp.adapters.studio import Studio
from dp.domain.picture import KeptTemplate
from dp.domain.template import Template, approve
from dp.errors import TemplateImageMissing
from dp.store import objects, templates

IMAGE_LIMITS: Final = Limits(file_bytes=10_000_000, pixels=20_000_000, aspect=20.0)
_LONGEST_SIDE: Final = 2160
_UNUSED_AFTER: Final = timedelta(days=1)
_ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpg"}


async def create_template(
    tx: Transaction, principal: Principal, organization_id: OrganizationId, name: str, design: Template
) -> KeptTemplate:
    """Keep a new template of an organisation.

    Raises NotFound, MissingCapability, TemplateNotAllowed, TemplateImageMissing.
    """
    _check_may_write(principal, organization_id)
    await _check_design(tx, organization_id, design)
    return await templates.add_template(tx, organization_id, name, design, principal.actor)


async def add_template_version(
    tx: Transaction, principal: Principal, template_id: DpTemplateId, design: Template
) -> KeptTemplate:
    """Keep a further version. Campaigns and pictures stay with the version they were made from. Raises as above."""
    template = await template_to_read(tx, principal, template_id)
    _check_may_write(principal, template.organization_id)
    await _check_design(tx, template.organization_id, design)
    await templates.add_version(tx, template_id, design, principal.actor)
    return await template_to_read(tx, principal, template_id)


async def store_template_image(
    database: Database,
    gallery: Gallery,
    studio: Studio,
    principal: Principal,
    organization_id: OrganizationId,
    upload: bytes,
) -> str:
    """Keep an image, re-encoded; the name that designs of the organisation call it by. Unused, it is gone in a day.

    Raises NotFound, MissingCapability and what `common.images` refuses.
    """
    _check_may_write(principal, organization_id)
    async with studio.desk() as desk:
        image = await desk.do(partial(clean, upload, limits=IMAGE_LIMITS, longest_side=_LONGEST_SIDE, alpha=True))
    key = new_key("designs", _ENDINGS[image.content_type], database.entropy)
    async with database.transaction() as tx:
        await objects.note_unwanted(tx, [key], tx.now + _UNUSED_AFTER)
    await gallery.storage.put(key, image.data)
    async with database.transaction() as tx:
        await objects.add_template_image(tx, key, organization_id, principal.actor)
    return key


async def template_to_read(tx: Transaction, principal: Principal, template_id: DpTemplateId) -> KeptTemplate:
    """The newest version, for whoever may read the organisation's templates. Raises NotFound, in the same words to all others."""
    template = await templates.find_template(tx, template_id)
    if template is None:
        raise NotFound()
    check_may_read(principal, template.organization_id)
    return template


def check_may_read(principal: Principal, organization_id: OrganizationId) -> None:
    """Let the organisation's team at its templates. Raises NotFound."""
    require_capability(principal, Capability.DP_TEMPLATE_READ, Scope(organization_id=organization_id))


def _check_may_write(principal: Principal, organization_id: OrganizationId) -> None:
    scope = Scope(organization_id=organization_id)
    require_capability(principal, Capability.DP_TEMPLATE_WRITE, scope, reading=Capability.DP_TEMPLATE_READ)


async def _check_design(tx: Transaction, organization_id: OrganizationId, design: Template) -> None:
    approve(design)
    for image in sorted(await objects.use_template_images(tx, organization_id, design.images)):
        raise TemplateImageMissing(image=image, pointer="/design/layers")
