from pathlib import Path

import pytest

from resources.models.label_file import Label, LabelFileError, content_hash, load, load_known
from resources.models.label_matching import keyword_count, keywords_found, ruling

LABELS = Path(__file__).parents[4] / "ticket_assets" / "labels"
INTENTS = [
    "login_issue",
    "payment_issue",
    "bug_report",
    "feature_request",
    "account_management",
    "performance_issue",
    "security_concern",
    "data_request",
    "integration_help",
    "general_inquiry",
]

GOOD = """\
description: Which animal?
rules:
  - {label: cat, phrases: [it purrs], why: only cats do, unless: [cat-like], unless_before: [never, if]}
labels:
  dog:
    description: Barks.
    keywords: [bark, good boy]
    examples: [it barks, it fetches, it wags its tail]
  cat:
    description: Meows.
    examples: [it meows, it scratches, it sleeps all day]
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "animals.yaml"
    path.write_text(text)
    return str(path)


def test_a_good_file_gives_labels_in_order_with_examples_by_position(tmp_path):
    file = load(written(tmp_path, GOOD))
    texts, index = file.examples()
    assert list(file.labels) == ["dog", "cat"]
    assert texts[2:4] == ["it wags its tail", "it meows"]
    assert index == [0, 0, 0, 1, 1, 1]
    assert file.rules[0].why == "only cats do"


def test_any_edit_changes_the_hash_and_is_seen_at_once(tmp_path):
    path = written(tmp_path, GOOD)
    before = load(path)
    written(tmp_path, GOOD.replace("it barks", "it yelps"))
    after = load(path)
    assert len(before.hash) == 8
    assert before.hash != after.hash == content_hash(path)
    assert after.examples()[0][0] == "it yelps"


@pytest.mark.parametrize(
    ("change", "line", "complaint"),
    [
        (("it barks", "'it barks"), 8, "not valid YAML"),
        (("labels:", "\tlabels:"), 4, "not valid YAML"),
        (("    description: Meows.\n", ""), 9, "labels.cat.description: Field required. Remedy: add this key"),
        (("  cat:", "  dog:"), 9, "'dog' stands here a second time. Remedy: merge or rename"),
        (("[it meows, it scratches, it sleeps all day]", "[it meows, it scratches]"), 11, "at least 3 items"),
        (("it scratches", "' '"), 11, "labels.cat.examples.1: String should have at least 1 character. Remedy: remove"),
        (("[it meows", "[no"), 11, "labels.cat.examples.0: Input should be a valid string. Remedy: write text, in dou"),
        (("keywords", "keyword"), 7, "labels.dog.keyword: Extra inputs are not permitted. Remedy: remove this key or"),
        (("label: cat", "label: cow"), 3, "a rule names cow. Remedy: name one of the labels ['dog', 'cat']"),
        (("[it barks, it fetches, it wags its tail]", "it barks"), 8, "valid list. Remedy: write a list"),
        (("[it purrs]", "[]"), 3, "rules.0.phrases: List should have at least 1 item"),
        (("[it barks", "[{{name}}"), 8, "a key here is no text. Remedy: put the name or text in double quotes"),
        (("  cat:", "  no:"), 9, "a key here is no text. Remedy: put the name or text in double quotes"),
        (("  cat:", "  ' dog':"), 9, "'dog' stands here a second time. Remedy: merge or rename"),
        (("[it meows", "&all [*all"), 11, "an alias stands inside what it names. Remedy: write out what it should"),
        (("Meows.", "Meows.\n    review_below: yes"), 11, "labels.cat.review_below: Input should be a valid number. R"),
        (("Meows.", "Meows.\n    review_below: '.5'"), 11, "Remedy: write a number from 0 to 1, or remove the key"),
        (("Meows.", "Meows.\n    review_below: 70"), 11, "Remedy: write a number from 0 to 1, or remove the key"),
        (("Meows.", "Meows.\n    review_below: .nan"), 11, "Remedy: write a number from 0 to 1, or remove the key"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_the_line_and_a_remedy(tmp_path, change, line, complaint):
    assert change[0] in GOOD
    path = written(tmp_path, GOOD.replace(*change))
    with pytest.raises(LabelFileError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert complaint in str(caught.value)
    assert "Remedy: " in str(caught.value)


def test_a_file_in_another_encoding_is_refused_at_its_line(tmp_path):
    path = tmp_path / "labels.yaml"
    path.write_bytes(GOOD.replace("Barks.", "Bellt wie \u00fcblich.").encode("latin-1"))
    with pytest.raises(LabelFileError, match=r"labels\.yaml, line 6: is not UTF-8\. Remedy: save the file in that"):
        load(str(path))


def test_a_file_with_one_label_is_refused(tmp_path):
    path = written(tmp_path, GOOD[: GOOD.index("  cat:")].replace("label: cat", "label: dog"))
    with pytest.raises(LabelFileError, match=r"line 4: labels: .*at least 2 items.*a file needs 2 labels"):
        load(path)


def test_a_label_that_records_do_not_know_is_refused_at_its_line_and_a_missing_one_where_all_are_needed(tmp_path):
    path = written(tmp_path, GOOD)
    with pytest.raises(
        LabelFileError, match=r"line 9: label cat is not one of \['dog', 'cow'\]\. Remedy: use these alone"
    ):
        load_known(path, ["dog", "cow"])
    assert load_known(path, ["cat", "cow", "dog"]) is load(path)
    with pytest.raises(LabelFileError, match=r"line 4: labels \['cow'\] are missing\. Remedy: describe all of"):
        load_known(path, ["cat", "cow", "dog"], every=True)


def test_the_head_of_a_label_file_explains_every_key_that_labels_may_have():
    head = (LABELS / "intent.yaml").read_text().split("\ndescription:")[0]
    assert {name for name in Label.model_fields if name in head} == set(Label.model_fields)
    assert all("review_below" in (LABELS / f"{name}.yaml").read_text() for name in ("urgency", "sentiment"))


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(LabelFileError, match=r"holds no keys\. Remedy: start it with"):
        load(written(tmp_path, ""))


def test_a_file_that_nests_without_end_is_refused(tmp_path):
    with pytest.raises(LabelFileError, match="not valid YAML: maximum recursion"):
        load(written(tmp_path, "labels: " + "[" * 5000 + "]" * 5000))


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(LabelFileError, match="line 1: is not UTF-8"):
        load(str(path))


def test_a_missing_file_is_refused_by_load_and_by_hash(tmp_path):
    for read in (load, content_hash):
        with pytest.raises(LabelFileError, match=r"none\.yaml: cannot be read \(No such file.*check the path"):
            read(str(tmp_path / "none.yaml"))


def test_keywords_count_once_each_as_whole_words_up_to_a_limit(tmp_path):
    file = load(written(tmp_path, GOOD))
    assert keyword_count(file, "BARK bark: Good\n boy", 5) == [2, 0]
    assert keyword_count(file, "BARK bark: Good\n boy", 1) == [1, 0]
    assert keyword_count(file, "barking up the tree, they disembark", 5) == [0, 0]


def test_a_keyword_that_the_text_denies_each_time_does_not_count(tmp_path):
    file = load(written(tmp_path, GOOD.replace("rules:", "denied_by: ['no', not]\nrules:")))
    assert keyword_count(file, "no bark, and not a good boy", 5) == [0, 0]
    assert keyword_count(file, "no bark. Then a bark, no one saw a good boy", 5) == [2, 0]
    assert keywords_found(file, "NO bark, a good\nboy") == {"dog": ["good\nboy"]}
    assert keyword_count(load(written(tmp_path, GOOD)), "no bark", 5) == [1, 0]


def test_a_longer_keyword_is_not_cut_into_shorter_ones(tmp_path):
    file = load(written(tmp_path, GOOD.replace("[bark, good boy]", "[good, boy, good boy]")))
    assert keyword_count(file, "a good boy", 5) == [1, 0]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Listen: IT PURRS", True),
        ("it never barks, it purrs", True),
        ("it never barks but it purrs", True),
        ("I never thought that", False),
        ("never was it said that it purrs", True),
        ("tell me if it purrs", False),
        ("it purrs, though it's cat-like", False),
        ("if it purrs. It purrs.", True),
        ("bit purrsuit", False),
    ],
)
def test_a_rule_holds_unless_its_phrase_is_cancelled(tmp_path, text, holds):
    rule = ruling(load(written(tmp_path, GOOD)), text)
    assert (rule is not None) == holds


@pytest.mark.parametrize(
    "text",
    [
        "Production is down since 9:00",
        "URGENT - we\u2019ve been hacked!",
        "no reply from anybody and our site is down",
        "We are losing money every minute.",
        "nobody can log in",
        "Our shop can no longer take orders, the site is down.",
        "We pay since last year, and now production is down.",
        "Did you know that the site is down?",
        "I think you have a data breach.",
    ],
)
def test_the_projects_rules_know_an_emergency(text):
    rule = ruling(load(str(LABELS / "urgency.yaml")), text)
    assert rule is not None
    assert rule.label == "critical"


@pytest.mark.parametrize(
    "text",
    [
        "There was no outage on our side, I only want to know your SLA.",
        "What happens if the site is down?",
        "Do you notify us when the API is down?",
        "Do we get a credit in case of a total outage?",
        "The website is not completely down, one picture is missing.",
        "The site is down for me... never mind, it's back up now!",
        "How do you prevent a data breach?",
        "Do you have a data breach policy?",
        "Did you have a data breach notification clause in the contract?",
        "Have you had a data breach before?",
        "Your pillows are stuffed with down, is production downstream of that?",
    ],
)
def test_the_projects_rules_leave_questions_and_denials_alone(text):
    assert ruling(load(str(LABELS / "urgency.yaml")), text) is None


@pytest.mark.parametrize(
    ("name", "labels", "examples"),
    [
        ("intent", INTENTS, 30),
        ("urgency", ["critical", "high", "medium", "low"], 30),
        ("sentiment", ["POSITIVE", "NEGATIVE", "NEUTRAL"], 40),
    ],
)
def test_the_projects_files_have_the_contracts_labels_and_enough_distinct_examples(name, labels, examples):
    file = load(str(LABELS / f"{name}.yaml"))
    texts, _ = file.examples()
    assert list(file.labels) == labels
    assert all(len(label.examples) >= examples for label in file.labels.values())
    assert len({text.lower() for text in texts}) == len(texts)
