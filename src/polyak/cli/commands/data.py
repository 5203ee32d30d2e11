"""`polyak data`."""

from __future__ import annotations

from polyak.cli.command import command


@command()
def data() -> None:
    """List the data sets, and where airfoil would come from."""
    from polyak.cli.tables import print_table
    from polyak.data.airfoil import URL, at_hand

    place = str(at_hand() or f"download from {URL}")
    rows = [
        ("airfoil", "1503", "5", "scaled sound pressure level (dB)", place),
        ("diabetes", "442", "10", "disease progression after one year", "in scikit-learn"),
        ("breast_cancer", "569", "30", "2 classes", "in scikit-learn"),
        ("digits", "1797", "64", "10 classes", "in scikit-learn"),
        ("FILE.csv", "", "", "the last column, or --column NAME", "a CSV or TSV file of your own"),
    ]
    print_table(("data", "rows", "features", "target", "from"), rows)
