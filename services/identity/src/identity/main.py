"""The composition root: chooses the real things."""

from common.service import Parts, Runtime, Service
from common.tokens import SigningKey
from identity import api, consumers, jobs
from identity.actions.desk import Desk
from identity.actions.means import Means
from identity.actions.say_again import say_again
from identity.actions.send_mails import send_due_mails
from identity.adapters.smtp import MailServer
from identity.commands import Operator
from identity.domain.policy import SignInPolicy
from identity.formats.access_tokens import AccessTokens
from identity.formats.vault import Vault
from identity.settings import Settings
from identity.tables import metadata


def build(runtime: Runtime[Settings]) -> Parts:
    """Put the service together."""
    settings = runtime.settings
    vault = Vault(settings.code_pepper.get_secret_value())
    policy = SignInPolicy(single=settings.session_policy == "single", loopback_exempt=settings.loopback_exempt)
    means = Means(vault, policy, settings.public_url.rstrip("/"))
    server = MailServer(settings.smtp_url, settings.mail_from)
    postman = jobs.Postman(lambda: send_due_mails(runtime.database, vault, server))
    desk = Desk(runtime.database, lambda: runtime.bus, postman.wake)
    return Parts(
        routers=api.ROUTERS,
        handlers=consumers.handlers(means),
        jobs=jobs.jobs(desk),
        commands=Operator(desk, means).commands(),
        republish=say_again,
        state={
            "desk": desk,
            "means": means,
            "access_tokens": AccessTokens(
                SigningKey.from_json(settings.access_token_key.get_secret_value()), settings.access_token_further_keys
            ),
        },
        lifespan=postman.at_work,
    )


service = Service("identity", Settings, metadata, build)
