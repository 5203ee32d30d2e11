"""A page's function that cannot work is refused with one clear line, and one that can is not."""

import pytest

import polyak as pk


def unwritten(params, states, hyperparams):
    for p, _ in zip(params, states):
        p[:] -= hyperparams["lr"] * p.grad


def idle(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = p.grad


def misnamed(params, states, hyperparams):
    for p in params:
        p[:] -= hyperparams["learning_rate"] * p.grad


def reshaping(params, states, hyperparams):
    for p, v in zip(params, states):
        v[:] = p.grad.reshape((1, -1))
        p[:] -= v


def failing(params, states, hyperparams):
    raise ZeroDivisionError("no")


IN_PLACE = [
    (unwritten, {"lr": 0.1}, ["unwritten", "never writes its state 1"]),
    (idle, {}, ["idle", "never updates a parameter", "p[:]"]),
    (misnamed, {"learning_rat": 0.1}, ["misnamed", "'learning_rate'", "'learning_rat'"]),
    (reshaping, {}, ["shape (2,)", "(1, 2)"]),
]


@pytest.mark.parametrize(
    ("page", "arguments", "words"), IN_PLACE, ids=lambda value: getattr(value, "__name__", "")
)
def test_page_that_does_nothing_or_the_wrong_thing_is_refused(page, arguments, words):
    with pytest.raises(pk.PolyakError) as refused:
        pk.descend(pk.from_page(page, **arguments), "ravine")
    message = str(refused.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


@pytest.mark.parametrize("value", ["0.1", float("nan"), True, "fast"])
def test_hyper_parameter_that_is_no_number_is_refused(value):
    with pytest.raises(pk.PolyakError, match=r"lr is .*, expected a number"):
        pk.from_page(unwritten, lr=value)


def test_wrong_numbers_of_arguments_are_refused():
    with pytest.raises(pk.PolyakError, match=r"takes 2 arguments, expected f\(params, states, hyperparams\)"):
        pk.from_page(lambda params, states: None)
    with pytest.raises(pk.PolyakError, match=r"takes 3 arguments, expected f\(x1, x2, s1, s2\)"):
        pk.from_plane(lambda x1, x2, s1: None)
    with pytest.raises(pk.PolyakError, match="is no function"):
        pk.from_page(3)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (lambda x1, x2, s1, s2: (x1, x2), "returns 2 results"),
        (lambda x1, x2, s1, s2: x1, "returns 1 results"),
        (lambda x1, x2, s1, s2: (x1 / 0, x2, 0, 0), "fails at .*ZeroDivisionError"),
        (lambda x1, x2, s1, s2: ("a", x2, 0, 0), "fails at"),
    ],
)
def test_plane_with_other_results_is_refused(page, words):
    with pytest.raises(pk.PolyakError, match=words) as refused:
        pk.from_plane(page)
    assert "\n" not in str(refused.value)


def test_plane_name_that_is_not_read_is_refused():
    with pytest.raises(pk.PolyakError, match="reads no etta"):
        pk.from_plane(lambda x1, x2, s1, s2: (x1, x2, 0, 0), etta=0.4)


def test_error_of_the_page_itself_comes_through_with_its_kind():
    with pytest.raises((pk.PolyakError, ZeroDivisionError), match="no"):
        pk.descend(pk.from_page(failing), "ravine")
