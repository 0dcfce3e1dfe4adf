"""What dp refuses, and why."""

from common.refusals import Conflict, Forbidden, NotFound, Unavailable, Unprocessable


class TemplateNotAllowed(Unprocessable):
    """This design cannot be used: {reason}."""

    code = "dp.template_not_allowed"


class TemplateImageMissing(Unprocessable):
    """The design shows the image {image!r}, which was not uploaded for this organisation or is forgotten by now."""

    code = "dp.template_image_missing"


class TemplateNotFound(NotFound):
    """There is no such template in the organisation of this event."""

    code = "dp.template_not_found"


class EventNotKnown(NotFound):
    """No published event of this id is known here. Right after publishing this lasts a moment; try again."""

    code = "dp.event_not_known"


class SlugTaken(Conflict):
    """Another campaign is found under this address. Choose another slug."""

    code = "dp.slug_taken"


class FieldsIncomplete(Unprocessable):
    """The design shows {missing}, which the campaign does not ask for."""

    code = "dp.fields_incomplete"


class CampaignNotPublished(Conflict):
    """This campaign is not published yet."""

    code = "dp.campaign_not_published"


class EventCancelled(Conflict):
    """The event was cancelled, so no more pictures are made for it."""

    code = "dp.event_cancelled"


class OrganizationSuspended(Conflict):
    """The organisation of this event is suspended, so no pictures are made for it now."""

    code = "dp.organization_suspended"


class CropOutsidePhoto(Unprocessable):
    """The crop lies outside the photo or is smaller than a hundredth of it. Give fractions of its width and height."""

    code = "dp.crop_outside_photo"


class PhotoMissing(Unprocessable):
    """This picture needs a photo."""

    code = "dp.photo_missing"


class FormNotReadable(Unprocessable):
    """The part {part!r} of the form is not what is expected here: {reason}."""

    code = "dp.form_not_readable"


class FieldMissing(Unprocessable):
    """{label} is needed for this picture."""

    code = "dp.field_missing"


class FieldTooLong(Unprocessable):
    """{label} has {length} characters; at most {limit} are accepted."""

    code = "dp.field_too_long"


class FieldNotAsked(Unprocessable):
    """This campaign does not ask for {field!r}."""

    code = "dp.field_not_asked"


class NotYours(Forbidden):
    """Only the maker of this picture, who holds its owner token, or a moderator may do this."""

    code = "dp.not_yours"


class StudioBusy(Unavailable):
    """Very many pictures are being made at this moment. Try again shortly."""

    code = "dp.busy"
