"""What all tables of commerce hang on."""

from common.db import new_metadata

metadata = new_metadata()
