"""Data: what a problem is made from."""

from polyak.data.airfoil import airfoil
from polyak.data.bundled import breast_cancer, diabetes, digits
from polyak.data.dataset import Data, as_data
from polyak.data.tables import from_frame, read

CATALOGUE = {"airfoil": airfoil, "diabetes": diabetes, "breast_cancer": breast_cancer, "digits": digits}

__all__ = [
    "CATALOGUE",
    "Data",
    "airfoil",
    "as_data",
    "breast_cancer",
    "diabetes",
    "digits",
    "from_frame",
    "read",
]
