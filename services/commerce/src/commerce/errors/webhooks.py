"""Webhooks to organisers' own systems."""

from common.refusals import Conflict, NotFound, Unprocessable


class UnknownWebhook(NotFound):
    """There is no such webhook, or it is not your organisation's."""

    code = "commerce.unknown_webhook"


class WebhookUrlRefused(Unprocessable):
    """This address cannot be called: {reason}."""

    code = "commerce.webhook_url_refused"


class TooManyWebhooks(Conflict):
    """An organisation has at most {limit} webhooks."""

    code = "commerce.too_many_webhooks"


class WebhookTurnedOff(Conflict):
    """This webhook is turned off. Turn it on first."""

    code = "commerce.webhook_turned_off"
