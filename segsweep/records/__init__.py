"""The trials table and the cases table: their columns, reading and writing."""
