"""`python -m unspan_collector`: the same as the `unspan-collector` command."""

from unspan_collector.cli import main

main()
