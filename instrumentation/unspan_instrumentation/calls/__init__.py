"""The calls of the project's own functions: what is decided per code object, what is taken at each event, by which core."""
