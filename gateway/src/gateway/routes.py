"""THE table: every route that apps, browsers and providers may reach, one row each. What is not here is a 404.

Who may call is a capability (some grant of the caller must hold it, the service then asks for the row at hand), or
SIGNED_IN with the reason why the service decides by row alone, or PUBLIC with the reason why everyone may.
Reads need no key, bodies are JSON of 64 KiB, answers begin within 10 s, and the rate class follows from who may call,
unless a row says otherwise. `any_app` marks what an app may still do that the client policy finds too old: learn so, sign
out, take a mistaken policy back; and what is no app's call at all.
"""

from common.capabilities import Capability
from gateway.limits import (
    BUY,
    CHECKOUT,
    CODE_CLAIM,
    MACHINE,
    PUBLIC_READ,
    REFRESH,
    SCAN,
    SIGN_IN,
    SIGN_IN_MAIL,
    TICKETS,
    TICKETS_NETWORK,
    UPLOAD,
)
from gateway.routing import MB, Cache, Public, Row, SignedIn

IDENTITY, EVENTS, COMMERCE = "identity", "events", "commerce"
DP, WALLET, RELEASES = "dp", "wallet", "releases"
GATEWAY = "gateway"
SERVICES = (IDENTITY, EVENTS, COMMERCE, DP, WALLET, RELEASES)

C = Capability
PICTURE = 16 * MB
SIGNED_IN = SignedIn
PUBLIC = Public

_OWN = SIGNED_IN("one's own data")
_OWN_OR_TEAM = SIGNED_IN("one's own, or with a capability those of one's organisation: the service knows whose it is")
_LEAVE = SIGNED_IN("everyone may leave; the service asks for the capability when it is someone else's membership")
_WAY_IN = PUBLIC("a way to sign in")
_TEAM_SEES_DRAFTS = PUBLIC("public once published; its team sees it before", knows_caller=True)
_MAKER = PUBLIC("anyone may make one, and its owner token or sign-in opens it while held", knows_caller=True)
_LINK_KEY = PUBLIC("opened by the key of its link, or by the sign-in of its holder", knows_caller=True)
_SANDBOX = PUBLIC("a pretend provider, off outside development")
_CRON = PUBLIC("clocks have no sign-in; the service checks X-Cron-Secret")

_AT_ONCE = Cache(fresh=1, away=30)
"""What is left to buy."""
_SOON = Cache(fresh=1, stale=4)
"""What organisers change and visitors reload."""
_CALM = Cache(fresh=2, stale=8)
"""What changes seldom, and asks for nothing when it does."""

_IDENTITY = (
    Row("POST", "/v1/auth/email/start", IDENTITY, _WAY_IN, rate=SIGN_IN, velocity=(SIGN_IN_MAIL,)),
    Row("POST", "/v1/auth/email/verify", IDENTITY, _WAY_IN, rate=SIGN_IN),
    Row("POST", "/v1/auth/backers/check", IDENTITY, _WAY_IN, rate=SIGN_IN, velocity=(CODE_CLAIM,)),
    Row("POST", "/v1/auth/refresh", IDENTITY, PUBLIC("the refresh token is the proof"), rate=REFRESH),
    Row("POST", "/v1/auth/sign-out", IDENTITY, SIGNED_IN("ends the sign-in that asks"), any_app=True),
    Row("GET", "/v1/me", IDENTITY, _OWN),
    Row("PATCH", "/v1/me", IDENTITY, _OWN),
    Row("GET", "/v1/me/sign-ins", IDENTITY, _OWN),
    Row("DELETE", "/v1/me/sign-ins/{signInId}", IDENTITY, _OWN),
    Row("POST", "/v1/organizations", IDENTITY, SIGNED_IN("whoever is signed in may found one")),
    Row("GET", "/v1/organizations", IDENTITY, _OWN),
    Row("GET", "/v1/organizations/{organizationId}", IDENTITY, C.IDENTITY_ORGANIZATION_READ),
    Row("PATCH", "/v1/organizations/{organizationId}", IDENTITY, C.IDENTITY_ORGANIZATION_WRITE),
    Row("POST", "/v1/organizations/{organizationId}/workspaces", IDENTITY, C.IDENTITY_WORKSPACE_WRITE),
    Row("GET", "/v1/organizations/{organizationId}/workspaces", IDENTITY, C.IDENTITY_ORGANIZATION_READ),
    Row("POST", "/v1/organizations/{organizationId}/members", IDENTITY, C.IDENTITY_MEMBER_WRITE),
    Row("GET", "/v1/organizations/{organizationId}/members", IDENTITY, C.IDENTITY_MEMBER_READ, compressed=True),
    Row("PATCH", "/v1/organizations/{organizationId}/members/{memberId}", IDENTITY, C.IDENTITY_MEMBER_WRITE),
    Row("DELETE", "/v1/organizations/{organizationId}/members/{memberId}", IDENTITY, _LEAVE),
    Row("POST", "/v1/organizations/{organizationId}/devices", IDENTITY, C.IDENTITY_DEVICE_WRITE),
    Row("GET", "/v1/organizations/{organizationId}/devices", IDENTITY, C.IDENTITY_DEVICE_WRITE),
    Row("DELETE", "/v1/organizations/{organizationId}/devices/{deviceId}", IDENTITY, C.IDENTITY_DEVICE_WRITE),
    Row("POST", "/v1/organizations/{organizationId}/api-keys", IDENTITY, C.IDENTITY_DEVICE_WRITE),
    Row("GET", "/v1/organizations/{organizationId}/api-keys", IDENTITY, C.IDENTITY_DEVICE_WRITE),
    Row("DELETE", "/v1/organizations/{organizationId}/api-keys/{apiKeyId}", IDENTITY, C.IDENTITY_DEVICE_WRITE),
    Row("POST", "/v1/workspaces/{workspaceId}/members", IDENTITY, C.IDENTITY_MEMBER_WRITE),
    Row("GET", "/v1/workspaces/{workspaceId}/members", IDENTITY, C.IDENTITY_MEMBER_READ, compressed=True),
    Row("PATCH", "/v1/workspaces/{workspaceId}/members/{memberId}", IDENTITY, C.IDENTITY_MEMBER_WRITE),
    Row("DELETE", "/v1/workspaces/{workspaceId}/members/{memberId}", IDENTITY, _LEAVE),
    Row("POST", "/v1/invitations/{token}/accept", IDENTITY, SIGNED_IN("the invitation's token is the permission")),
    Row("GET", "/v1/notifications", IDENTITY, _OWN),
    Row("POST", "/v1/notifications/read", IDENTITY, _OWN),
    Row("GET", "/v1/app-state", IDENTITY, PUBLIC("apps read it before anyone signs in"), cache=_CALM),
    Row("PATCH", "/v1/admin/app-state", IDENTITY, C.IDENTITY_APP_STATE_WRITE),
    Row("GET", "/v1/admin/backers", IDENTITY, C.IDENTITY_BACKER_WRITE, compressed=True),
    Row("POST", "/v1/admin/backers", IDENTITY, C.IDENTITY_BACKER_WRITE),
    Row("GET", "/v1/admin/admins", IDENTITY, C.IDENTITY_ADMIN_WRITE),
    Row("POST", "/v1/admin/admins", IDENTITY, C.IDENTITY_ADMIN_WRITE),
    Row("DELETE", "/v1/admin/admins/{adminId}", IDENTITY, C.IDENTITY_ADMIN_WRITE),
    Row("GET", "/v1/admin/users", IDENTITY, C.IDENTITY_USER_READ, compressed=True),
    Row("POST", "/v1/admin/users/{userId}/suspend", IDENTITY, C.IDENTITY_USER_SUSPEND),
    Row("POST", "/v1/admin/users/{userId}/unsuspend", IDENTITY, C.IDENTITY_USER_SUSPEND),
    Row("POST", "/v1/cron/identity.{job}", IDENTITY, _CRON, rate=MACHINE, any_app=True),
)
_EVENTS = (
    Row("POST", "/v1/events", EVENTS, C.EVENTS_EVENT_WRITE),
    Row("GET", "/v1/events", EVENTS, _TEAM_SEES_DRAFTS, cache=_SOON),
    Row("GET", "/v1/events/{eventId}", EVENTS, _TEAM_SEES_DRAFTS, cache=_SOON),
    Row("PATCH", "/v1/events/{eventId}", EVENTS, C.EVENTS_EVENT_WRITE),
    Row("POST", "/v1/events/{eventId}/publish", EVENTS, C.EVENTS_EVENT_WRITE),
    Row("POST", "/v1/events/{eventId}/cancel", EVENTS, C.EVENTS_EVENT_WRITE),
    Row("POST", "/v1/events/{eventId}/ticket-tiers", EVENTS, C.EVENTS_EVENT_WRITE),
    Row("GET", "/v1/events/{eventId}/ticket-tiers", EVENTS, _TEAM_SEES_DRAFTS, cache=_SOON),
    Row("GET", "/v1/events/{eventId}/ticket-tiers/{ticketTierId}", EVENTS, _TEAM_SEES_DRAFTS, cache=_SOON),
    Row("PATCH", "/v1/events/{eventId}/ticket-tiers/{ticketTierId}", EVENTS, C.EVENTS_EVENT_WRITE),
    Row("POST", "/v1/events/{eventId}/sessions", EVENTS, C.EVENTS_EVENT_WRITE),
    Row("GET", "/v1/events/{eventId}/sessions", EVENTS, _TEAM_SEES_DRAFTS, cache=_SOON),
    Row("GET", "/v1/events/{eventId}/check-ins", EVENTS, C.EVENTS_CHECK_IN_READ, compressed=True),
    Row("GET", "/v1/events/{eventId}/door", EVENTS, C.EVENTS_CHECK_IN_READ),
    Row("GET", "/v1/passes", EVENTS, _OWN_OR_TEAM),
    Row("GET", "/v1/passes/{passId}", EVENTS, _OWN_OR_TEAM),
    Row("POST", "/v1/check-ins", EVENTS, C.EVENTS_PASS_CHECK_IN, rate=SCAN),
    Row("POST", "/v1/cron/events.{job}", EVENTS, _CRON, rate=MACHINE, any_app=True),
)
_COMMERCE = (
    Row(
        "GET",
        "/v1/events/{eventId}/availability",
        COMMERCE,
        PUBLIC("what is left is shown before signing in"),
        cache=_AT_ONCE,
    ),
    Row(
        *("POST", "/v1/orders", COMMERCE, SIGNED_IN("whoever is signed in may buy")),
        rate=BUY,
        velocity=(TICKETS, TICKETS_NETWORK),
        key_needed=True,
    ),
    Row(
        *("POST", "/v1/orders/quote", COMMERCE, PUBLIC("what an order would come to is shown before signing in")),
        rate=PUBLIC_READ,
    ),
    Row("GET", "/v1/orders", COMMERCE, _OWN_OR_TEAM),
    Row("GET", "/v1/organizations/{organizationId}/orders", COMMERCE, C.COMMERCE_ORDER_READ),
    Row("GET", "/v1/events/{eventId}/sales", COMMERCE, C.COMMERCE_ORDER_READ),
    Row("GET", "/v1/organizations/{organizationId}/billing-details", COMMERCE, C.COMMERCE_ORDER_READ),
    Row("PUT", "/v1/organizations/{organizationId}/billing-details", COMMERCE, C.COMMERCE_SALE_WRITE),
    Row("GET", "/v1/orders/{orderId}/billing-details", COMMERCE, _OWN_OR_TEAM),
    Row("PUT", "/v1/orders/{orderId}/billing-details", COMMERCE, _OWN),
    Row("POST", "/v1/orders/{orderId}/resend", COMMERCE, _OWN_OR_TEAM),
    Row("GET", "/v1/orders/{orderId}/documents", COMMERCE, _OWN_OR_TEAM),
    Row("GET", "/v1/documents/{documentId}/pdf", COMMERCE, _OWN_OR_TEAM, timeout=30),
    Row(
        *("GET", "/o/{token}/receipt.pdf", COMMERCE, PUBLIC("the secret in the path opens the order's receipt")),
        timeout=30,
        any_app=True,
    ),
    Row("GET", "/v1/events/{eventId}/orders.csv", COMMERCE, C.COMMERCE_ORDER_READ, timeout=30),
    Row("GET", "/v1/orders/{orderId}", COMMERCE, _OWN_OR_TEAM),
    Row("POST", "/v1/orders/{orderId}/cancel", COMMERCE, _OWN_OR_TEAM),
    Row("POST", "/v1/orders/{orderId}/approve", COMMERCE, C.COMMERCE_ORDER_WRITE, timeout=30),
    Row("POST", "/v1/orders/{orderId}/reject", COMMERCE, C.COMMERCE_ORDER_WRITE, timeout=30),
    Row("POST", "/v1/orders/{orderId}/refunds", COMMERCE, C.COMMERCE_ORDER_REFUND, key_needed=True),
    Row("GET", "/v1/orders/{orderId}/refunds", COMMERCE, _OWN_OR_TEAM),
    Row("POST", "/v1/refunds/{refundId}/retry", COMMERCE, C.COMMERCE_ORDER_REFUND),
    Row("POST", "/v1/orders/{orderId}/review", COMMERCE, C.COMMERCE_ORDER_REFUND),
    Row("GET", "/v1/events/{eventId}/refund-run", COMMERCE, C.COMMERCE_ORDER_READ),
    Row("GET", "/v1/organizations/{organizationId}/balance", COMMERCE, C.COMMERCE_PAYOUT_READ),
    Row("POST", "/v1/organizations/{organizationId}/payouts", COMMERCE, C.COMMERCE_PAYOUT_WRITE, key_needed=True),
    Row("GET", "/v1/organizations/{organizationId}/payouts", COMMERCE, C.COMMERCE_PAYOUT_READ),
    Row("GET", "/v1/events/{eventId}/sale-settings", COMMERCE, C.COMMERCE_ORDER_READ),
    Row("PUT", "/v1/events/{eventId}/sale-settings", COMMERCE, C.COMMERCE_SALE_WRITE),
    Row("GET", "/v1/ticket-tiers/{ticketTierId}/sale-settings", COMMERCE, C.COMMERCE_ORDER_READ),
    Row("PUT", "/v1/ticket-tiers/{ticketTierId}/sale-settings", COMMERCE, C.COMMERCE_SALE_WRITE),
    Row("POST", "/v1/events/{eventId}/promo-codes", COMMERCE, C.COMMERCE_SALE_WRITE, key_needed=True),
    Row("GET", "/v1/events/{eventId}/promo-codes", COMMERCE, C.COMMERCE_ORDER_READ),
    Row("PATCH", "/v1/promo-codes/{promoCodeId}", COMMERCE, C.COMMERCE_SALE_WRITE),
    Row("PUT", "/v1/orders/{orderId}/items", COMMERCE, _OWN, rate=BUY, key_needed=True),
    Row("POST", "/v1/orders/{orderId}/extend", COMMERCE, _OWN),
    Row("PATCH", "/v1/orders/{orderId}/admissions/{lineId}/{ordinal}", COMMERCE, _OWN_OR_TEAM),
    Row("POST", "/v1/events/{eventId}/orders", COMMERCE, C.COMMERCE_ORDER_WRITE, key_needed=True),
    Row("POST", "/v1/events/{eventId}/add-ons", COMMERCE, C.COMMERCE_SALE_WRITE, key_needed=True),
    Row("GET", "/v1/events/{eventId}/add-ons", COMMERCE, _TEAM_SEES_DRAFTS),
    Row("PATCH", "/v1/add-ons/{addOnId}", COMMERCE, C.COMMERCE_SALE_WRITE),
    Row(
        *("POST", "/v1/events/{eventId}/waiting-list", COMMERCE, SIGNED_IN("whoever is signed in may wait")),
        rate=BUY,
    ),
    Row("GET", "/v1/events/{eventId}/waiting-list", COMMERCE, C.COMMERCE_ORDER_READ, compressed=True),
    Row("PATCH", "/v1/events/{eventId}/waiting-list", COMMERCE, C.COMMERCE_SALE_WRITE),
    Row("GET", "/v1/me/waiting-list", COMMERCE, _OWN),
    Row("PATCH", "/v1/waiting-list/{entryId}", COMMERCE, C.COMMERCE_ORDER_WRITE),
    Row("DELETE", "/v1/waiting-list/{entryId}", COMMERCE, _OWN_OR_TEAM),
    Row("POST", "/v1/organizations/{organizationId}/webhooks", COMMERCE, C.COMMERCE_WEBHOOK_WRITE, key_needed=True),
    Row("GET", "/v1/organizations/{organizationId}/webhooks", COMMERCE, C.COMMERCE_WEBHOOK_WRITE),
    Row("GET", "/v1/webhooks/{webhookEndpointId}", COMMERCE, C.COMMERCE_WEBHOOK_WRITE),
    Row("PATCH", "/v1/webhooks/{webhookEndpointId}", COMMERCE, C.COMMERCE_WEBHOOK_WRITE),
    Row("DELETE", "/v1/webhooks/{webhookEndpointId}", COMMERCE, C.COMMERCE_WEBHOOK_WRITE),
    Row("POST", "/v1/webhooks/{webhookEndpointId}/rotate-secret", COMMERCE, C.COMMERCE_WEBHOOK_WRITE, key_needed=True),
    Row("POST", "/v1/webhooks/{webhookEndpointId}/test", COMMERCE, C.COMMERCE_WEBHOOK_WRITE),
    Row("GET", "/v1/webhooks/{webhookEndpointId}/deliveries", COMMERCE, C.COMMERCE_WEBHOOK_WRITE, compressed=True),
    Row("POST", "/v1/webhooks/{webhookEndpointId}/replay", COMMERCE, C.COMMERCE_WEBHOOK_WRITE),
    Row("GET", "/o/{token}", COMMERCE, PUBLIC("the secret in the path opens the order's page"), any_app=True),
    Row(
        *("POST", "/o/{token}/payments", COMMERCE, PUBLIC("whoever has the order's link may pay for it")),
        rate=BUY,
        timeout=30,
        any_app=True,
    ),
    Row("GET", "/sandbox/checkout/{paymentId}", COMMERCE, _SANDBOX, any_app=True),
    Row("POST", "/sandbox/checkout/{paymentId}", COMMERCE, _SANDBOX, any_app=True),
    Row(
        *("POST", "/v1/orders/{orderId}/payments", COMMERCE, _OWN),
        rate=BUY,
        velocity=(CHECKOUT,),
        timeout=30,
        key_needed=True,
    ),
    Row("POST", "/v1/sandbox/payments/{paymentId}", COMMERCE, _SANDBOX),
    Row(
        "POST",
        "/v1/payments/webhooks/{provider}",
        COMMERCE,
        PUBLIC("the provider's signature is checked"),
        MB,
        MACHINE,
        any_app=True,
    ),
    Row("POST", "/v1/cron/commerce.{job}", COMMERCE, _CRON, rate=MACHINE, any_app=True),
)
_DP = (
    Row("POST", "/v1/dp/templates", DP, C.DP_TEMPLATE_WRITE),
    Row("GET", "/v1/dp/templates", DP, C.DP_TEMPLATE_READ, compressed=True),
    Row("GET", "/v1/dp/templates/{templateId}", DP, C.DP_TEMPLATE_READ),
    Row("POST", "/v1/dp/templates/{templateId}/versions", DP, C.DP_TEMPLATE_WRITE),
    Row("POST", "/v1/dp/templates/images", DP, C.DP_TEMPLATE_WRITE, PICTURE, UPLOAD, timeout=30),
    Row("POST", "/v1/dp/campaigns", DP, C.DP_CAMPAIGN_WRITE),
    Row("GET", "/v1/dp/campaigns", DP, C.DP_TEMPLATE_READ, compressed=True),
    Row("GET", "/v1/dp/campaigns/{campaignId}", DP, _TEAM_SEES_DRAFTS),
    Row("POST", "/v1/dp/campaigns/{campaignId}/publish", DP, C.DP_CAMPAIGN_WRITE),
    Row("GET", "/v1/dp/campaigns/{campaignId}/hub", DP, _TEAM_SEES_DRAFTS, cache=_CALM),
    Row("POST", "/v1/dp/campaigns/{campaignId}/dps", DP, _MAKER, PICTURE, timeout=30),
    Row("GET", "/v1/dp/campaigns/{campaignId}/dps", DP, C.DP_IMAGE_MODERATE),
    Row("GET", "/v1/dp/dps/{dpId}", DP, _MAKER),
    Row("GET", "/v1/dp/dps/{dpId}/image", DP, _MAKER),
    Row("DELETE", "/v1/dp/dps/{dpId}", DP, _MAKER),
    Row("POST", "/v1/dp/dps/{dpId}/approve", DP, C.DP_IMAGE_MODERATE),
    Row("POST", "/v1/dp/dps/{dpId}/reject", DP, C.DP_IMAGE_MODERATE),
    Row("POST", "/v1/dp/dps/{dpId}/reports", DP, PUBLIC("whoever sees a picture may report it", knows_caller=True)),
    Row("POST", "/v1/cron/dp.{job}", DP, _CRON, rate=MACHINE, any_app=True),
)
_WALLET = (
    Row("GET", "/v1/passes/{passId}/wallet", WALLET, _OWN_OR_TEAM),
    Row("GET", "/v1/wallet/passes/{passId}/apple", WALLET, _LINK_KEY),
    Row("POST", "/v1/wallet/passes/{passId}/google", WALLET, _LINK_KEY),
    Row("GET", "/v1/wallet/passes/{passId}/badge", WALLET, _LINK_KEY),
    Row("POST", "/v1/cron/wallet.{job}", WALLET, _CRON, rate=MACHINE, any_app=True),
)
_RELEASES = (
    Row("POST", "/v1/releases", RELEASES, C.RELEASES_RELEASE_WRITE),
    Row("GET", "/v1/releases", RELEASES, _TEAM_SEES_DRAFTS, cache=_CALM),
    Row("GET", "/v1/releases/feed.atom", RELEASES, PUBLIC("a feed for readers"), cache=_CALM),
    Row("GET", "/v1/releases/{releaseId}", RELEASES, _TEAM_SEES_DRAFTS, cache=_CALM),
    Row("PATCH", "/v1/releases/{releaseId}", RELEASES, C.RELEASES_RELEASE_WRITE),
    Row("POST", "/v1/releases/{releaseId}/publish", RELEASES, C.RELEASES_RELEASE_PUBLISH),
    Row("POST", "/v1/releases/{releaseId}/yank", RELEASES, C.RELEASES_RELEASE_PUBLISH),
    Row(
        "POST",
        "/v1/deployments/railway/{secret}",
        RELEASES,
        PUBLIC("the secret in the path is checked"),
        MB,
        MACHINE,
        any_app=True,
    ),
    Row("GET", "/v1/deployments", RELEASES, C.RELEASES_DEPLOYMENT_READ, compressed=True),
    Row("GET", "/v1/deployments/metrics", RELEASES, C.RELEASES_DEPLOYMENT_READ, compressed=True),
    Row("GET", "/v1/client-policy", RELEASES, PUBLIC("apps ask before anyone signs in"), any_app=True, cache=_CALM),
    Row("PATCH", "/v1/client-policy/{platform}", RELEASES, C.RELEASES_CLIENT_POLICY_WRITE, any_app=True),
    Row("POST", "/v1/cron/releases.{job}", RELEASES, _CRON, rate=MACHINE, any_app=True),
)

_GATEWAY: tuple[Row, ...] = (
    Row("GET", "/v1/home", GATEWAY, _OWN, timeout=2),
    Row("GET", "/v1/live", GATEWAY, SIGNED_IN("one's own news; door counts are shown by the grants for their event")),
)
"""What the gateway answers itself; `served_here.py` says with what."""

ROWS = (*_GATEWAY, *_IDENTITY, *_EVENTS, *_COMMERCE, *_DP, *_WALLET, *_RELEASES)
