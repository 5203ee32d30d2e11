"""Real data that ships inside scikit-learn: no network is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyak.data.catalogue import data_set
from polyak.data.dataset import Data
from polyak.ground.extras import need

if TYPE_CHECKING:
    from sklearn.utils import Bunch


def in_scikit_learn() -> str:
    """Where these are."""
    return "in scikit-learn"


@data_set(rows=442, features=10, target="disease progression after one year", place=in_scikit_learn)
def diabetes(*, standardize: bool = True) -> Data:
    """442 patients, ten measurements each, and the disease's progression after a year.

    >>> diabetes()
    Data(diabetes: 442 rows, 10 features -> disease progression after one year)
    """
    need("sklearn", what="this data set", extra="data")
    from sklearn.datasets import load_diabetes

    data = Data(
        "diabetes",
        *_arrays(load_diabetes(scaled=False)),
        ("age", "sex", "body mass index", "blood pressure", "s1", "s2", "s3", "s4", "s5", "s6"),
        "disease progression after one year",
        source="Efron, Hastie, Johnstone & Tibshirani (2004), Least angle regression; in scikit-learn.",
    )
    return data.standardized() if standardize else data


@data_set(rows=569, features=30, target="2 classes", place=in_scikit_learn)
def breast_cancer(*, standardize: bool = True) -> Data:
    """569 tumours, thirty measurements each, malignant or benign.

    >>> breast_cancer()
    Data(breast_cancer: 569 rows, 30 features -> 2 classes)
    """
    need("sklearn", what="this data set", extra="data")
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    data = Data(
        "breast_cancer",
        *_arrays(bunch),
        tuple(str(name) for name in bunch.feature_names),
        "diagnosis",
        tuple(str(name) for name in bunch.target_names),
        "Wolberg, Mangasarian, Street & Street (1995), Breast Cancer Wisconsin (Diagnostic); in scikit-learn.",
    )
    return data.standardized() if standardize else data


@data_set(rows=1797, features=64, target="10 classes", place=in_scikit_learn)
def digits(*, standardize: bool = True) -> Data:
    """1797 handwritten digits of 8 by 8 pixels, ten classes.

    >>> digits()
    Data(digits: 1797 rows, 64 features -> 10 classes)
    """
    need("sklearn", what="this data set", extra="data")
    from sklearn.datasets import load_digits

    data = Data(
        "digits",
        *_arrays(load_digits()),
        tuple(f"pixel {row},{column}" for row in range(8) for column in range(8)),
        "digit",
        tuple(str(digit) for digit in range(10)),
        "Alpaydin & Kaynak (1998), Optical Recognition of Handwritten Digits; in scikit-learn.",
    )
    return data.standardized() if standardize else data


def _arrays(bunch: Bunch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target, dtype=np.float64)
