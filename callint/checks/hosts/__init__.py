"""Questions about host endpoints."""
