"""`polyak data`."""

from __future__ import annotations

from polyak.cli.answers import Json
from polyak.cli.command import WHAT_THERE_IS, command


@command(group=WHAT_THERE_IS)
def data(as_json: Json = False) -> None:
    """List the data sets, and where airfoil would come from."""
    from polyak.cli.tables import print_table
    from polyak.data.catalogue import ABOUT

    rows = [
        (name, str(about.rows), str(about.features), about.target, about.place())
        for name, about in ABOUT.items()
    ]
    rows.append(("FILE.csv", "", "", "the last column, or --column NAME", "a CSV or TSV file of your own"))
    print_table(("data", "rows", "features", "target", "from"), rows, as_json)
