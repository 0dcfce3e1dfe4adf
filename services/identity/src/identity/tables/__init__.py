"""The tables, by aggregate. Whatever the database can guarantee is a named constraint."""

from identity.tables.base import metadata as metadata
from identity.tables.correspondence import audit_entries as audit_entries
from identity.tables.correspondence import mails as mails
from identity.tables.correspondence import notifications as notifications
from identity.tables.machines import api_keys as api_keys
from identity.tables.machines import devices as devices
from identity.tables.organizations import invitations as invitations
from identity.tables.organizations import organizations as organizations
from identity.tables.organizations import team_members as team_members
from identity.tables.organizations import workspace_members as workspace_members
from identity.tables.organizations import workspaces as workspaces
from identity.tables.people import users as users
from identity.tables.platform import admins as admins
from identity.tables.platform import app_state as app_state
from identity.tables.platform import crowdfunding_backers as crowdfunding_backers
from identity.tables.platform import platform_roles as platform_roles
from identity.tables.sign_ins import attempts as attempts
from identity.tables.sign_ins import challenges as challenges
from identity.tables.sign_ins import gateway_leases as gateway_leases
from identity.tables.sign_ins import refresh_tokens as refresh_tokens
from identity.tables.sign_ins import session_drops as session_drops
from identity.tables.sign_ins import sign_ins as sign_ins
