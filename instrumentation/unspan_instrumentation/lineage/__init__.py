"""The rows behind a statement that the application did not fetch: what a COUNT counted, a JOIN joined, a DELETE deleted.

`rewriting` turns a statement's text into queries for them; `fetching` asks those on the application's own connection, next to the statement;
`supporting` decides when, keeps the bounds of a trace and emits the record. Only `supporting` knows of recordings, only `fetching` of databases.
"""
