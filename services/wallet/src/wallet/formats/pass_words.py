"""The few words of our own on an Apple pass, in the languages its holders read.

Phones look the text of a field up in `pass.strings` and show it as it is when it is not there. The English word is its
own key, so a phone in a language that is missing here shows English.
"""

from collections.abc import Mapping
from typing import Final

DATE: Final = "Date"
STARTS: Final = "Starts"
VENUE: Final = "Venue"
ATTENDEE: Final = "Attendee"
TICKET: Final = "Ticket"
ADDRESS: Final = "Address"
ORGANIZER: Final = "Organiser"
WEBSITE: Final = "Website"
TIME_CHANGED: Final = "The time has changed: %@"
VENUE_CHANGED: Final = "The venue has changed: %@"

TRANSLATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "cs": {
        DATE: "Datum",
        STARTS: "Začátek",
        VENUE: "Místo",
        ATTENDEE: "Účastník",
        TICKET: "Vstupenka",
        ADDRESS: "Adresa",
        ORGANIZER: "Pořadatel",
        WEBSITE: "Web",
        TIME_CHANGED: "Čas se změnil: %@",
        VENUE_CHANGED: "Místo se změnilo: %@",
    },
    "de": {
        DATE: "Datum",
        STARTS: "Beginn",
        VENUE: "Ort",
        ATTENDEE: "Gast",
        TICKET: "Ticket",
        ADDRESS: "Adresse",
        ORGANIZER: "Veranstalter",
        WEBSITE: "Website",
        TIME_CHANGED: "Die Zeit hat sich geändert: %@",
        VENUE_CHANGED: "Der Ort hat sich geändert: %@",
    },
    "es": {
        DATE: "Fecha",
        STARTS: "Comienza",
        VENUE: "Lugar",
        ATTENDEE: "Asistente",
        TICKET: "Entrada",
        ADDRESS: "Dirección",
        ORGANIZER: "Organizador",
        WEBSITE: "Sitio web",
        TIME_CHANGED: "La hora ha cambiado: %@",
        VENUE_CHANGED: "El lugar ha cambiado: %@",
    },
    "fr": {
        DATE: "Date",
        STARTS: "Début",
        VENUE: "Lieu",
        ATTENDEE: "Participant",
        TICKET: "Billet",
        ADDRESS: "Adresse",
        ORGANIZER: "Organisateur",
        WEBSITE: "Site web",
        TIME_CHANGED: "L’horaire a changé : %@",
        VENUE_CHANGED: "Le lieu a changé : %@",
    },
}


def strings_file(words: Mapping[str, str]) -> bytes:
    """A `pass.strings` file in UTF-8: one `"key" = "value";` a line."""
    lines = [f'"{_quoted(key)}" = "{_quoted(value)}";\n' for key, value in sorted(words.items())]
    return "".join(lines).encode()


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
