"""Fashion-MNIST's format and training on pictures, on small data of the same form."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyak.book.d2l import pictures
from polyak.data.fashion_mnist import read_idx
from polyak.ground.errors import PolyakError

torch = pytest.importorskip("torch")


def test_pictures_come_as_numbers_from_0_to_1_with_their_labels(small_fashion: Path) -> None:
    train, test = pictures.load_data_fashion_mnist(8)
    assert (len(train), len(test)) == (5, 2)
    X, y = next(iter(test))
    assert X.shape == (8, 1, 28, 28)
    assert y.tolist() == list(range(8))
    assert float(X.max()) == 1.0
    assert [int(row) for row in X[:, 0].mean(dim=2).argmax(dim=1)] == [2 * label for label in range(8)]
    resized, _ = next(iter(pictures.load_data_fashion_mnist(8, resize=14)[1]))
    assert resized.shape == (8, 1, 14, 14)
    # Halved, each pixel is a weighted mean of those around it.
    np.testing.assert_allclose(resized.mean(), X.mean(), rtol=0.02)


def test_a_file_that_is_none_is_said_in_a_line(small_fashion: Path) -> None:
    place = small_fashion / "t10k-labels-idx1-ubyte.gz"
    for content, words in [
        (b"", "is no IDX file"),
        (b"\x1f\x8bnothing", "is no IDX file"),
        (b"\0\0\x0d\1\0\0\0\1\0", "is no IDX file of bytes"),
        (b"\0\0\x08\1\0\0\0\x05\0", "has 1 numbers, its head says 5"),
        (gzip.compress(b"\0\0\x08\1\0\0\0\2\0\1"), "16 pictures and 2 labels"),
    ]:
        place.write_bytes(content)
        with pytest.raises(PolyakError, match=words):
            pictures.load_data_fashion_mnist(8)


@given(st.binary(max_size=40))
def test_no_bytes_are_too_odd(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    place = tmp_path_factory.mktemp("idx") / "a.gz"
    place.write_bytes(content)
    with contextlib.suppress(PolyakError):
        assert read_idx(place).size >= 0


def test_a_network_learns_them_and_says_how_well(
    small_fashion: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, test = pictures.load_data_fashion_mnist(8)
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    before = pictures.evaluate_accuracy_gpu(net, test)
    pictures.train_ch6(net, train, test, num_epochs=6, lr=0.1, device=pictures.try_gpu())
    said = capsys.readouterr().out.split("\n")
    assert said[0] == f"training on {pictures.try_gpu()}"
    after = pictures.evaluate_accuracy_gpu(net, test)
    assert f"test acc {after:.3f}" in said[1]
    assert after > 0.9 > before
    assert not net.training


def test_right_predictions_are_counted() -> None:
    scores = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert pictures.accuracy(scores, torch.tensor([1, 1, 1])) == 2.0
    assert pictures.accuracy(torch.tensor([1, 0]), torch.tensor([1, 1])) == 1.0
