"""A cursor names the last row that was sent; anything else is refused."""

import pytest
from django.http import QueryDict

from dialects.shared.cursors import decode_cursor, encode_cursor, whole_number
from dialects.shared.problems import Problem


@pytest.mark.parametrize("pk", [1, 42, 10**17])
def test_a_cursor_comes_back_as_the_row_it_names(pk: int) -> None:
    assert decode_cursor(encode_cursor(pk)) == pk


@pytest.mark.parametrize(
    "text", ["x", "cGs6", "cGs6LTE", "cGs6MTIzNDU2Nzg5MDEyMzQ1Njc4OTA", "☃", "\0", "===", "a" * 5000]
)
def test_a_cursor_we_did_not_make_is_a_400(text: str) -> None:
    with pytest.raises(Problem) as refused:
        decode_cursor(text)
    assert refused.value.status == 400


@pytest.mark.parametrize("raw", ["0", "201", "-1", "1.5", "one", "١", "9" * 30])
def test_a_number_out_of_bounds_is_a_400_that_names_it(raw: str) -> None:
    query = QueryDict(mutable=True)
    query["limit"] = raw
    with pytest.raises(Problem) as refused:
        whole_number(query, "limit", default=50, least=1, most=200)
    assert (refused.value.status, refused.value.errors[0][0]) == (400, "limit")


def test_a_number_left_out_is_the_default() -> None:
    assert whole_number(QueryDict("limit="), "limit", default=50, least=1, most=200) == 50
