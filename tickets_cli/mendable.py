"""The failures that a user can mend, and the one line that is said of each."""

from botocore.exceptions import BotoCoreError, ClientError

from resources.aws import AwsUnavailable, BadEndpoint, unavailable
from resources.lance_client import IndexUnavailable
from resources.models.label_file import LabelFileError
from resources.models.roles import ModelNotAvailable
from resources.object_store import DeleteRefused
from resources.provision import ProvisionError
from resources.queue import SendRefused
from ticket_assets.domain.selection import BadCondition
from ticket_assets.settings import SettingsError
from ticket_assets.stores.correcting import NotDecided
from ticket_assets.stores.search_index import NotIndexed
from tickets_cli.processes import ProcessFailed

EXPECTED = (
    AwsUnavailable,
    BadCondition,
    BadEndpoint,
    DeleteRefused,
    IndexUnavailable,
    LabelFileError,
    ModelNotAvailable,
    NotDecided,
    NotIndexed,
    ProcessFailed,
    ProvisionError,
    SendRefused,
    SettingsError,
)


def mendable(error: Exception) -> str | None:
    """What to say of `error`; None where it is a defect."""
    said = unavailable(error) if isinstance(error, BotoCoreError | ClientError) else error
    return str(said) if isinstance(said, EXPECTED) else None
