# Written by scripts/make_stubs.py from what the files of this folder define.
from polyak.data.airfoil import airfoil as airfoil
from polyak.data.bundled import breast_cancer as breast_cancer
from polyak.data.bundled import diabetes as diabetes
from polyak.data.bundled import digits as digits

__all__ = ["airfoil", "breast_cancer", "diabetes", "digits"]
