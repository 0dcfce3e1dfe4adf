"""What every Lanyard service must do identically. It imports no service."""
