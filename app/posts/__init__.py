"""What people write and like."""
