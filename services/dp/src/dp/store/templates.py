"""Templates and their versions. A version is written once and never changed."""

from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, insert, select, update

from common.db import Transaction
from common.ids import DpTemplateId, OrganizationId
from dp.domain.picture import KeptTemplate
from dp.domain.template import Template
from dp.tables import template_versions, templates

DESIGN: Final[TypeAdapter[Template]] = TypeAdapter(Template)
"""Between a design and the JSON it is kept as."""

ID: Final = templates.c.id
"""What lists of templates are paged by."""


async def add_template(
    tx: Transaction, organization_id: OrganizationId, name: str, design: Template, created_by: str
) -> KeptTemplate:
    """Keep a new template as its version 1."""
    template_id = tx.new_id(DpTemplateId)
    values = {"id": template_id, "organization_id": organization_id, "name": name, "version": 1}
    await tx.execute(insert(templates).values(**values, created_at=tx.now, created_by=created_by))
    await _add_version(tx, template_id, 1, design, created_by)
    return KeptTemplate(template_id, organization_id, name, 1, design, tx.now)


async def add_version(tx: Transaction, template_id: DpTemplateId, design: Template, created_by: str) -> int:
    """Keep a further version of a template; its number. Locks the template, so that numbers never collide."""
    statement = update(templates).where(templates.c.id == template_id).values(version=templates.c.version + 1)
    version = int(await tx.scalar(statement.returning(templates.c.version)))
    await _add_version(tx, template_id, version, design, created_by)
    return version


async def find_template(tx: Transaction, template_id: DpTemplateId) -> KeptTemplate | None:
    """The newest version of a template, or None."""
    row = await tx.one(templates_query().where(templates.c.id == template_id))
    return None if row is None else template_of(row)


def templates_of(organization_id: OrganizationId) -> Select[Any]:
    """The templates of an organisation, each in its newest version."""
    return templates_query().where(templates.c.organization_id == organization_id)


def templates_query() -> Select[Any]:
    """Templates in their newest versions."""
    return select(templates, template_versions.c.design).join(
        template_versions,
        (template_versions.c.template_id == templates.c.id) & (template_versions.c.version == templates.c.version),
    )


def template_of(row: Row[Any]) -> KeptTemplate:
    """The template in a row of `templates_query`."""
    design = DESIGN.validate_python(row.design)
    return KeptTemplate(row.id, row.organization_id, row.name, row.version, design, row.created_at)


async def _add_version(
    tx: Transaction, template_id: DpTemplateId, version: int, design: Template, created_by: str
) -> None:
    values = {"template_id": template_id, "version": version, "design": DESIGN.dump_python(design, mode="json")}
    await tx.execute(insert(template_versions).values(**values, created_at=tx.now, created_by=created_by))
