"""Every message that crosses a service boundary: who publishes it, under which subject, when, and who listens.

One module a publisher. `docs/messages.md` is generated from here; the JSON Schema of every version is stored beside the
tests, so that removing or changing a field fails.
"""

from common.messages.audience import Audience as Audience
from common.messages.audience import Team as Team
from common.messages.audience import Users as Users
from common.messages.base import Message as Message
from common.messages.base import MoneyPart as MoneyPart
from common.messages.base import Part as Part
from common.messages.base import catalogue as catalogue
from common.messages.base import message_class as message_class
from common.messages.commerce import AddOnPart as AddOnPart
from common.messages.commerce import AdmissionPart as AdmissionPart
from common.messages.commerce import LinePart as LinePart
from common.messages.commerce import OrderCancelled as OrderCancelled
from common.messages.commerce import OrderExpired as OrderExpired
from common.messages.commerce import OrderPaid as OrderPaid
from common.messages.commerce import OrderPlaced as OrderPlaced
from common.messages.commerce import OrderRefunded as OrderRefunded
from common.messages.commerce import OrderRejected as OrderRejected
from common.messages.commerce import OrderResendRequested as OrderResendRequested
from common.messages.commerce import PaymentFailed as PaymentFailed
from common.messages.commerce import PaymentReviewNeeded as PaymentReviewNeeded
from common.messages.commerce import TicketTierAvailabilityChanged as TicketTierAvailabilityChanged
from common.messages.commerce import WaitingListPlacesOffered as WaitingListPlacesOffered
from common.messages.commerce import WebhookEndpointDisabled as WebhookEndpointDisabled
from common.messages.dp import DpApproved as DpApproved
from common.messages.dp import DpGenerated as DpGenerated
from common.messages.dp import DpHeld as DpHeld
from common.messages.dp import DpRejected as DpRejected
from common.messages.dp import DpRemoved as DpRemoved
from common.messages.events import CheckInRecorded as CheckInRecorded
from common.messages.events import DoorCounted as DoorCounted
from common.messages.events import EventCancelled as EventCancelled
from common.messages.events import EventPublished as EventPublished
from common.messages.events import EventUpdated as EventUpdated
from common.messages.events import PassIssued as PassIssued
from common.messages.events import PassUpdated as PassUpdated
from common.messages.events import PassVoided as PassVoided
from common.messages.events import TicketTierSaved as TicketTierSaved
from common.messages.events import VenuePart as VenuePart
from common.messages.identity import BackerClaimed as BackerClaimed
from common.messages.identity import MemberChanged as MemberChanged
from common.messages.identity import NotificationCreated as NotificationCreated
from common.messages.identity import OrganizationCreated as OrganizationCreated
from common.messages.identity import OrganizationSuspended as OrganizationSuspended
from common.messages.identity import OrganizationUpdated as OrganizationUpdated
from common.messages.identity import SignInEnded as SignInEnded
from common.messages.identity import UserCreated as UserCreated
from common.messages.identity import UserUpdated as UserUpdated
from common.messages.releases import ClientPolicyChanged as ClientPolicyChanged
from common.messages.releases import DeploymentRecorded as DeploymentRecorded
from common.messages.releases import ReleasePublished as ReleasePublished
from common.messages.releases import ReleaseYanked as ReleaseYanked
from common.messages.wallet import WalletPassCreated as WalletPassCreated
from common.messages.wallet import WalletPassUpdated as WalletPassUpdated
from common.messages.wallet import WalletPassVoided as WalletPassVoided
