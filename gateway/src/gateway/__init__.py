"""The one door of Lanyard: authentication, capabilities, limits and proxying. Owns no database, knows no business rule."""
