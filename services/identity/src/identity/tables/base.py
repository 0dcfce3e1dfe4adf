"""What all tables hang on."""

from common.db import new_metadata

metadata = new_metadata()
