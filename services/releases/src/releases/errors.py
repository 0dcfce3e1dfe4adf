"""The refusals of releases: stable code, kind of answer, and the sentence people read."""

from common.refusals import Conflict, Forbidden, NotFound, PreconditionFailed, TooLarge, Unprocessable


class ReportTooLarge(TooLarge):
    """A report of a deployment is at most 256 KB."""

    code = "releases.report_too_large"


class UnreadableReport(Unprocessable):
    """This is no report of a deployment in a format known here: {missing} is missing."""

    code = "releases.unreadable_report"


class NoSuchRelease(NotFound):
    """There is no such release."""

    code = "releases.no_such_release"


class VersionTaken(Conflict):
    """This channel already has a release of that version."""

    code = "releases.version_taken"


class NoLongerDraft(Conflict):
    """What was published stays as it was said. Draft a new version, or yank this one."""

    code = "releases.no_longer_draft"


class NotYetPublished(Conflict):
    """Only a published release can be yanked. This one is a draft."""

    code = "releases.not_yet_published"


class ReleaseWasYanked(Conflict):
    """This release was yanked and is not published again. Draft a new version."""

    code = "releases.release_was_yanked"


class ReleaseChanged(PreconditionFailed):
    """This release was changed by someone else in the meantime. Read it again, then repeat your change."""

    code = "releases.release_changed"


class NotAVersion(Unprocessable):
    """This is not a version: one to four numbers joined by dots are compared, such as 2.10.0."""

    code = "releases.not_a_version"


class MinimumAboveLatest(Unprocessable):
    """A minimum of {minimum} is above {latest}, the newest version in the store: nobody could update to it."""

    code = "releases.minimum_above_latest"


class LatestBlocked(Unprocessable):
    """{latest} is the newest version in the store. Blocking it would leave people nothing to update to."""

    code = "releases.latest_blocked"


class FreshSignInNeeded(Forbidden):
    """Sign in again first: this change reaches every app, and your sign-in is more than {minutes} minutes old."""

    code = "releases.fresh_sign_in_needed"


class SystemOnly(Forbidden):
    """Only the gateway itself may ask this."""

    code = "releases.system_only"
