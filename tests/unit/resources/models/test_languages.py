from pathlib import Path

import pytest

from resources.models.label_file import load
from resources.models.languages import served

LABELS = Path(__file__).parents[4] / "ticket_assets" / "labels"


@pytest.mark.parametrize(
    "text",
    [
        "Ich kann mich nicht anmelden, bitte helfen Sie mir.",
        "Je n'arrive pas à me connecter depuis hier soir",
        "Nie mogę się zalogować do konta",
        "パスワードを忘れました",
        "не могу войти",
        "No puedo iniciar sesión en mi cuenta",
        "Mi tarjeta fue rechazada al pagar",
        "Rechnung falsch, bitte korrigieren",
        "Mot de passe oublié",
        "Die App stürzt ab",
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


@pytest.mark.parametrize("declared", ["de", "DE", "de-AT", "de_DE"])
def test_a_declared_language_is_believed_of_a_text_that_says_little(declared):
    assert served(["Hilfe bitte"]) == served(["Hilfe bitte"], ["en"]) == [True]
    assert served(["Hilfe bitte"], [declared]) == [False]


@pytest.mark.parametrize("declared", ["de", "german", "", "und", "en-GB"])
def test_what_is_clearly_english_is_served_whatever_is_declared(declared):
    texts = ["I cannot log in since the update, please help", "12345"]
    assert served(texts, [declared] * 2) == [True, True]


@pytest.mark.parametrize("declared", ["german", "", "und", "en_US", "EN"])
def test_what_names_no_other_language_is_no_evidence(declared):
    assert served(["ok"], [declared]) == [True]


def test_none_of_the_projects_own_examples_is_taken_for_another_language():
    texts = [
        text for name in ("intent", "urgency", "sentiment") for text in load(f"{LABELS}/{name}.yaml").examples()[0]
    ]
    assert [text for text, ours in zip(texts, served(texts), strict=True) if not ours] == []


def test_answers_come_in_the_order_of_the_texts():
    assert served(["I cannot log in", "не могу войти", "ok"]) == [True, False, True]
