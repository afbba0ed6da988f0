"""Commands of the seams."""
