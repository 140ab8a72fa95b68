"""What a terminal shows: bars, lines and columns."""
