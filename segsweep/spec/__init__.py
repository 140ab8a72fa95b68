"""The grid file, parsed once into frozen types; trials, their identity and their seeds; the catalogue of losses."""
