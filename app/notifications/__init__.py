"""What others did that concerns one."""
