"""What the routes take and answer, a file for each aggregate."""

from commerce.schemas.availability import Availability as Availability
from commerce.schemas.availability import TierAvailability as TierAvailability
from commerce.schemas.lines import AdmissionView as AdmissionView
from commerce.schemas.lines import LineView as LineView
from commerce.schemas.orders import Email as Email
from commerce.schemas.orders import NewAttendee as NewAttendee
from commerce.schemas.orders import NewLine as NewLine
from commerce.schemas.orders import NewOrder as NewOrder
from commerce.schemas.orders import OrderDetails as OrderDetails
from commerce.schemas.orders import OrderView as OrderView
from commerce.schemas.payments import NewPayment as NewPayment
from commerce.schemas.payments import PaymentView as PaymentView
from commerce.schemas.payments import SandboxOutcome as SandboxOutcome
from commerce.schemas.quotes import QuoteView as QuoteView
