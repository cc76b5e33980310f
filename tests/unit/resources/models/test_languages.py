import pytest

from resources.models.languages import served


@pytest.mark.parametrize(
    "text",
    [
        "Ich kann mich nicht anmelden, bitte helfen Sie mir.",
        "Je n'arrive pas à me connecter depuis hier soir",
        "Nie mogę się zalogować do konta",
        "パスワードを忘れました",
        "не могу войти",
    ],
)
def test_a_text_of_another_language_is_not_served(text):
    assert served([text]) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "I cannot log in",
        "HELP ME PLEASE",
        "ok",
        "",
        "12345",
        "java.lang.NullPointerException at com.shop.Cart.add(Cart.java:17)",
        "The café's naïve résumé upload fails",
    ],
)
def test_english_and_what_is_no_language_is_served(text):
    assert served([text]) == [True]


def test_answers_come_in_the_order_of_the_texts():
    assert served(["I cannot log in", "не могу войти", "ok"]) == [True, False, True]
