"""What every service stands on. It knows no party's words."""
