import pytest
from yard import stock


@pytest.fixture
def bolts(db):
    stock.restock("bolts", 7)
    yield "bolts"
    stock.restock("bolts", -7)


def test_fixture(bolts, client):
    assert client.get(f"/item/{bolts}/").content == b"8"


@pytest.mark.parametrize("count", [1, 2])
def test_failing(db, count):
    assert stock.restock("nut", count) == 1


@pytest.mark.xfail(reason="as expected")
def test_expected():
    stock.fail("as expected")


def test_skipped():
    pytest.skip("for a reason")
