"""Data from arrays and DataFrames, and columns standardised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import StandardScaler

from polyak.data import CATALOGUE, Data, as_data, breast_cancer, diabetes, digits, from_frame

EPS = np.finfo(np.float64).eps
tables = arrays(
    np.float64, st.tuples(st.integers(2, 8), st.integers(1, 4)), elements=st.floats(-1e6, 1e6, width=32)
)


@settings(max_examples=60)
@given(features=tables)
def test_standardised_columns(features: np.ndarray) -> None:
    made = Data.from_arrays(features, features[:, 0]).standardized().features
    for before, after in zip(features.T, made.T, strict=True):
        if np.ptp(before) == 0:
            assert (after == 0).all()
            continue
        # The mean is off by an eps of the largest number for each of the few it sums; over a spread that is
        # small beside them, that is an eps of their quotient.
        error = len(before) * EPS * max(1.0, np.abs(before).max() / before.std())
        assert abs(after.mean()) <= 4 * error
        assert abs(after.std() - 1) <= 4 * error
        # The same order, and differences in proportion.
        np.testing.assert_allclose(
            np.diff(after) * before.std(), np.diff(before), rtol=0, atol=4 * error * np.ptp(before)
        )


@pytest.mark.parametrize("value", [0.1, 1e-9, 1 / 3, 1e17, -7.7, 0.0])
@pytest.mark.parametrize("rows", [2, 7, 10, 1503])
def test_a_constant_column_becomes_zeros(value: float, rows: int) -> None:
    # Whatever its mean rounds to: the standard deviation of 1503 times 0.1 is 1.4e-17, not 0.
    features = np.column_stack([np.full(rows, value), np.arange(rows)])
    made = Data.from_arrays(features, np.full(rows, value)).standardized()
    assert (made.features[:, 0] == 0).all()
    assert (made.labels == 0).all()
    assert made.features[:, 1].std() == pytest.approx(1)


@pytest.mark.parametrize("load", [diabetes, breast_cancer, digits])
def test_bundled_data_is_scikit_learns(load: Any) -> None:
    options = {"scaled": False} if load is diabetes else {}
    theirs = getattr(sklearn.datasets, f"load_{load.__name__}")(**options)
    plain, made = load(standardize=False), load()
    np.testing.assert_array_equal(plain.features, theirs.data)
    np.testing.assert_array_equal(plain.labels, theirs.target)
    np.testing.assert_allclose(made.features, StandardScaler().fit_transform(theirs.data), rtol=0, atol=1e-12)
    assert (len(made.feature_names), made.rows) == (theirs.data.shape[1], len(theirs.target))
    if load is diabetes:
        assert made.classes == ()
        assert made.labels.std() == pytest.approx(1)
    else:
        np.testing.assert_array_equal(made.labels, theirs.target)
        assert made.classes == tuple(str(name) for name in theirs.target_names)
    assert CATALOGUE[load.__name__] is load
    assert made.source


def test_from_a_frame() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "y": [0.5, 1.5, 2.5], "b": np.array([4, 5, 6], dtype="float32")})
    data = from_frame(frame, column="y")
    assert data.features.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert data.labels.tolist() == [0.5, 1.5, 2.5]
    assert (data.feature_names, data.target_name) == (("a", "b"), "y")
    assert from_frame(frame).target_name == "b"
    assert from_frame(frame, column=1).target_name == "a"
    assert from_frame(frame, standardize=True).labels.mean() == pytest.approx(0)


@pytest.mark.parametrize("kind", ["object", "category", "str"])
def test_a_frames_words_become_classes(kind: str) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "kind": pd.Series(["red", "blue", "red"]).astype(kind)})
    data = from_frame(frame)
    assert data.classes == ("blue", "red")
    assert data.labels.tolist() == [1, 0, 1]


def test_a_frame_of_numbered_columns() -> None:
    frame = pd.DataFrame(np.arange(6.0).reshape(2, 3))
    assert from_frame(frame, column=0).labels.tolist() == [0, 3]
    assert from_frame(frame).feature_names == ("0", "1")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(), "has no columns"),
        (pd.DataFrame({"a": [1, 2]}), "only the column 'a'"),
        (pd.DataFrame({"a": [1], "y": [2]}), "1 rows"),
        (pd.DataFrame({"a": [1, "x", 3], "y": [1, 2, 3]}), "line 2, column a: 'x'"),
        (pd.DataFrame({"a": [1, None, 3], "y": [1, 2, 3]}), "line 2, column a: nothing"),
        (pd.DataFrame({"a": [1, 2], "y": [np.inf, 3]}), "line 1, column y: 'inf'"),
        (
            pd.DataFrame({"a": [1, 2, 3], "y": ["u", None, "v"]}),
            "line 2, column y: nothing, expected the name",
        ),
        (pd.DataFrame({"a": pd.array([1, pd.NA]), "y": [1, 2]}), "line 2, column a: nothing"),
        (pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=["a", "a", "y"]), "two columns are called 'a'"),
        (pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=["a", "y", "y"]), "two columns are called 'y'"),
        (pd.DataFrame({"a": pd.to_datetime(["2020-01-01", "2020-01-02"]), "y": [1, 2]}), "column a"),
    ],
)
def test_a_bad_frame(frame: Any, said: str, refused: Any) -> None:
    with refused("frame", said):
        from_frame(frame)


def test_an_unknown_column_of_a_frame(refused: Any) -> None:
    with refused("unknown column of frame 'lable', did you mean 'label'?"):
        from_frame(pd.DataFrame({"a": [1, 2], "label": [1, 2]}), column="lable")


def test_from_arrays() -> None:
    data = Data.from_arrays([[1, 2], [3, 4]], [[5], [6]], name="mine")
    assert repr(data) == "Data(mine: 2 rows, 2 features -> label)"
    assert data.labels.tolist() == [5, 6]
    assert data.feature_names == ("feature 1", "feature 2")


def test_later_changes_of_the_arrays_change_nothing() -> None:
    X, y = np.ones((3, 2)), np.zeros(3)
    data = Data.from_arrays(X, y)
    X[:], y[:] = 7, 7
    assert data.features.max() == 1
    assert data.labels.max() == 0


@pytest.mark.parametrize(
    ("features", "labels", "said"),
    [
        ([[1.0], [2.0]], [1.0], "expected (rows, columns) and (rows,)"),
        ([1.0, 2.0], [1.0, 2.0], "expected (rows, columns)"),
        ([[1.0]], [1.0], "1 rows of 1 features"),
        (np.zeros((3, 0)), np.zeros(3), "3 rows of 0 features"),
        ([["a"], ["b"]], [1, 2], "must be numbers"),
        ([[1], [2, 3]], [1, 2], "must be numbers"),
        ([[1.0], [np.nan]], [1.0, 2.0], "row 2, column feature 1: no finite number"),
        ([[1.0], [2.0]], [np.inf, 2.0], "row 1, column label: no finite number"),
    ],
)
def test_bad_arrays(features: Any, labels: Any, said: str, refused: Any) -> None:
    with refused("arrays", said):
        Data.from_arrays(features, labels)


def test_as_data(refused: Any) -> None:
    data = Data.from_arrays([[1.0], [2.0]], [1.0, 2.0])
    assert as_data(data) is data
    assert as_data(([[1.0], [2.0]], [1.0, 2.0])).labels.tolist() == [1, 2]
    assert as_data(pd.DataFrame({"a": [1, 2], "b": [3, 4]})).labels.tolist() == [3, 4]
    for bad in (5, "airfoil", None, [1, 2, 3], {"a": 1}):
        with refused("is no data set: expected Data, (features, labels) or a DataFrame"):
            as_data(bad)
