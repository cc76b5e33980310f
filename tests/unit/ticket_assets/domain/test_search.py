from tests.support import enriched_ticket
from ticket_assets.domain.search import embedder_of, listed, table_name


def test_the_embedder_is_the_second_part_of_the_models_version():
    assert embedder_of("embedded/minilm@1:256:ctranslate2:int8/intent@9/urgency@2") == "minilm@1:256:ctranslate2:int8"
    assert embedder_of("v1") == "v1"


def test_each_embedder_has_a_table_of_its_own():
    assert table_name("a@1") == table_name("a@1") != table_name("a@2")


def test_a_row_lists_what_lists_show_and_neither_the_body_nor_the_vector():
    row = listed(enriched_ticket(subject="x" * 5_000), "b-1")

    assert row.keys() >= {"ticket_id", "created_at", "urgency", "sentiment_confidence", "summary", "customer_id"}
    assert not {"body", "embedding"} & row.keys()
    assert len(row["subject"]) == 1_000
