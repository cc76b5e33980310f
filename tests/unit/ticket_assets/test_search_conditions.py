import pytest

from ticket_assets.domain.search import Filters
from ticket_assets.stores.search_conditions import passing


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        (Filters(), ""),
        (Filters(urgency="high"), "urgency = 'high'"),
        (Filters(intent="bug_report", since=5), "intent = 'bug_report' AND created_at >= 5"),
        (Filters(customer="O'Neil' OR '1'='1"), "customer_id = 'O''Neil'' OR ''1''=''1'"),
    ],
)
def test_filters_are_one_condition_in_which_quotes_stay_text(filters, where):
    assert passing(filters) == where
