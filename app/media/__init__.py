"""Pictures: where to upload them, their thumbnails."""
