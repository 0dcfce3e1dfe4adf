"""Templates as JSON."""

from datetime import datetime
from typing import Literal

from common.ids import DpTemplateId, OrganizationId
from common.schemas import Body, Name, View
from dp.domain import presets
from dp.domain.picture import KeptTemplate
from dp.domain.template import Template
from dp.schemas.design import DesignBody

Preset = Literal["spotlight", "poster"]


class NewVersion(Body):
    """A design: one's own, or one we offer."""

    preset: Preset = "spotlight"
    design: DesignBody | None = None

    def chosen(self) -> Template:
        """The design, or the preset where none is sent."""
        if self.design is not None:
            return self.design.design()
        return {"spotlight": presets.spotlight, "poster": presets.poster}[self.preset]()


class NewTemplate(NewVersion):
    """A template of an organisation. Without `design` it starts from `preset`."""

    organization_id: OrganizationId
    name: Name


class TemplateImageView(View):
    """What an image layer calls an uploaded image."""

    image: str


class TemplateView(View):
    """A template in its newest version. `fields` are what a maker has to type."""

    id: DpTemplateId
    organization_id: OrganizationId
    name: str
    version: int
    design: DesignBody
    fields: list[str]
    created_at: datetime

    @classmethod
    def of(cls, template: KeptTemplate) -> "TemplateView":
        """From the domain's value."""
        return cls(
            id=template.id,
            organization_id=template.organization_id,
            name=template.name,
            version=template.version,
            design=DesignBody.of(template.design),
            fields=sorted(template.design.typed_fields),
            created_at=template.created_at,
        )
