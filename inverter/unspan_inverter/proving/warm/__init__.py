"""A folder for the path of another Python: `unspan_warm` in it is what that one imports."""
