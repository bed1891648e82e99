"""Ranking: the line that answers comes near the top, for reasons that hold on any site."""

from __future__ import annotations

import math
import random
import re
import string
import time

import pytest
from msgspec.structs import replace
from tests.research.documents.pages import evidence, page

from leadline.research.documents.hosts import parse_company
from leadline.research.model import Evidence, Passage, Person, Question, Subject
from leadline.research.steps.rank import PassageIndex, Weights, index_of, rank, terms

FILLER = "<p>Anvils are made of iron and steel by people who like their work and do it well every day.</p>"


def ask(text: str, answer_type: str = "open_text") -> Question:
    return Question(subject=Subject(company=parse_company("acme.com")), text=text, answer_type=answer_type)


def words(passage: Passage) -> str:
    return " ".join(unit.text for unit in passage.units)


def test_passage_with_the_words_of_the_question_comes_first() -> None:
    site = evidence(
        home=f"<h1>Acme</h1>{FILLER}",
        about="<h1>About</h1><p>Acme was founded in 2012 in Kiel.</p>",
        jobs=f"<h1>Careers</h1>{FILLER}",
    )
    best = rank(ask("When was Acme founded?"), site, 5)[0]
    assert "2012" in words(best)
    assert best.url == "https://acme.com/about"


def test_inflected_words_of_the_page_language_are_found() -> None:
    german = (
        '<html lang="de"><h1>Über uns</h1><p>Wir beschäftigen in unseren Häusern 40 Mitarbeiterinnen '
        "und Mitarbeiter "
        "und sind mit der Arbeit von allen sehr zufrieden.</p>"
    )
    other = '<html lang="de"><h1>Ambosse</h1><p>Ein Amboss ist aus Eisen und das ist auch gut so.</p>'
    best = rank(ask("Wie viele Mitarbeiter beschäftigt das Haus?"), evidence(a=other, b=german), 5)[0]
    assert best.url == "https://acme.com/b"


def test_heading_counts_for_the_lines_below_it() -> None:
    site = evidence(
        pricing="<h1>Pricing</h1><h2>Team</h2><p>$25 per user</p>"
        + FILLER * 4
        + "<h2>Business</h2><p>$39 per user</p>",
        blog=f"<h1>Blog</h1>{FILLER}",
    )
    assert "$39" in words(rank(ask("What does the Business plan cost?", "currency"), site, 5)[0])


def test_word_of_the_same_meaning_is_found() -> None:
    site = evidence(
        a=f"<h1>Facts</h1><p>Headcount: 120 in three cities.</p>{FILLER * 5}", b=f"<h1>Iron</h1>{FILLER}"
    )
    assert "120" in words(rank(ask("How many employees does Acme have?", "number"), site, 5)[0])


def test_places_left_over_go_to_values_of_the_asked_kind_and_to_what_opens_a_page() -> None:
    site = evidence(
        a=f"<h1>Anvils</h1>{FILLER}",
        b="<h1>Termine</h1><p>Zutritt 14 €</p>",
        c="<h1>Iron</h1><p>Iron is hard.</p>",
    )
    ranked = rank(ask("How much is admission?", "currency"), site, 2)
    assert [p.url for p in ranked] == ["https://acme.com/b", "https://acme.com/a"]
    assert len(rank(ask("How much is admission?", "currency"), site, 40)) == 3


def test_either_spelling_is_found() -> None:
    site = evidence(a="<p>The licence of the core is free.</p>", b=f"<p>{FILLER}</p>")
    assert "licence" in words(rank(ask("Which license covers the core?"), site, 1)[0])


def test_units_are_numbered_from_one_in_the_order_of_the_passages() -> None:
    site = evidence(
        a="<h1>Plans</h1><p>Plans are free. Plans cost nothing.</p>", b="<h1>Other plans</h1><p>More.</p>"
    )
    ranked = rank(ask("Which plans are there?"), site, 10)
    assert [unit.number for passage in ranked for unit in passage.units] == list(
        range(1, 1 + sum(len(passage.units) for passage in ranked))
    )
    assert [p.score for p in ranked] == sorted((p.score for p in ranked), reverse=True)
    for passage in ranked:
        for unit in passage.units:
            assert site.pages[unit.page].words(unit.start, unit.end) == unit.text


def test_footer_words_are_found_but_weigh_less() -> None:
    site = evidence(
        a="<main><p>Our office is in Kiel.</p></main><footer><p>Our office is in Kiel.</p></footer>",
    )
    ranked = rank(ask("Where is the office?"), site, 10)
    assert [site.pages[0].content.blocks[p.units[0].block].region.value for p in ranked] == ["main", "footer"]


def test_passages_without_any_word_of_the_question_come_last_and_without_a_score() -> None:
    site = evidence(a=FILLER, b="<p>Chromodynamics of the smithy.</p>")
    ranked = rank(ask("Quantum chromodynamics?"), site, 5)
    assert ["chromodynamics" in words(p).lower() for p in ranked] == [True, False]
    assert ranked[-1].score == 0
    assert rank(ask("anything"), Evidence(), 5) == []


def test_limit_is_kept() -> None:
    site = evidence(a="".join(f"<h2>Plan {n}</h2>{FILLER * 3}" for n in range(30)))
    assert len(rank(ask("Which plan is made of steel?"), site, 7)) == 7


def test_one_page_does_not_crowd_out_the_others() -> None:
    many = "".join(f"<h2>Anvil prices {n}</h2>{FILLER * 3}" for n in range(30))
    site = evidence(a=f"<h1>Anvil prices</h1>{many}", b=f"<h1>Prices of the anvil shop</h1>{FILLER}")
    assert {p.page for p in rank(ask("What are the prices of anvils?"), site, 12)} == {0, 1}


def test_index_is_built_once_for_the_same_snapshots() -> None:
    site = evidence(a=FILLER)
    assert index_of(site) is index_of(Evidence(pages=site.pages, fetched=3))
    changed = Evidence(pages=(page("<p>Other words</p>", site.pages[0].url),))
    assert index_of(changed) is not index_of(site)


def test_further_question_about_a_known_company_is_cheap() -> None:
    site = evidence(**{f"p{n}": f"<h1>Page {n}</h1>" + FILLER * 60 for n in range(40)})
    index = PassageIndex.build(site)
    started = time.process_time()
    for n in range(10):
        index.rank(ask(f"Who likes anvils of steel on page {n}?"), 20)
    assert time.process_time() - started < 10 * 0.1


def test_lines_that_name_the_person_come_before_the_same_about_others() -> None:
    people = [f"Colleague Number{n}" for n in range(12)]
    people[6] = "Jo Quist"
    cards = (f"<h2>{name}</h2>{FILLER * 4}<p>Responsible for part {n}.</p>" for n, name in enumerate(people))
    site = evidence(team=f"<h1>Team</h1>{''.join(cards)}")
    company = parse_company("acme.com")
    question = replace(
        ask("Responsible for what?"), subject=Subject(company=company, person=Person(name="Jo Quist"))
    )
    assert "part 6" in words(rank(question, site, 3)[0])


@pytest.mark.parametrize(
    "alphabet",
    [string.printable, "abcXYZ019 _.,-\x1c\x85’‘“”–—…•·›»«→\u00a0", "aİΣσß’“ –éÉ²½٣字かn\u0301\u200b_."],
    ids=["ascii", "printed", "any"],
)
def test_words_are_the_runs_of_letters_and_digits_of_any_text(alphabet: str) -> None:
    chance = random.Random(6)
    for _ in range(2_000):
        text = "".join(chance.choices(alphabet, k=chance.randrange(30)))
        # A language without a stemmer and without stop words: what is left are the words.
        assert terms(text, "ja") == re.findall(r"[^\W_]+", text.lower())


def by_the_formula(lists: list[list[str]], query: list[str]) -> list[float]:
    """BM25 with the index's weights, written out."""
    weights, mean = Weights(), sum(map(len, lists)) / len(lists)
    scores = [0.0] * len(lists)
    for word in query:
        holding = sum(word in words for words in lists)
        rarity = math.log(1 + (len(lists) - holding + 0.5) / (holding + 0.5))
        for index, words in enumerate(lists):
            times = words.count(word)
            length = 1 - weights.b + weights.b * len(words) / mean
            scores[index] += rarity * times / (times + weights.k1 * length)
    return scores


def test_scores_are_those_of_the_formula_over_passages_and_pages() -> None:
    chance = random.Random(7)
    vocabulary = "anvil hammer forge’s “iron” steel—hot Kiel smiths smithing price prices 2012 the of".split()

    def some(count: int) -> str:
        return " ".join(chance.choices(vocabulary, k=count))

    for _ in range(10):
        site = evidence(
            **{f"p{n}": "".join(f"<h2>{some(2)}</h2><p>{some(70)}.</p>" for _ in range(4)) for n in range(3)}
        )
        index = PassageIndex(site, Weights(expansion=0.0))
        question = ask("Which smith of Kiel has hot iron, 2012?", "open_text")
        query = list(dict.fromkeys(terms(question.text, "en")))
        lists = []
        pages: list[list[str]] = [[] for _ in site.pages]
        for passage in index.passages:
            said = [words(passage), *passage.headings[-1:] * 2, *passage.headings[:-1], passage.context]
            path = site.pages[passage.page].url.removeprefix("https://acme.com/")
            lists.append(terms("\n".join([*said, passage.title, path]), "en"))
            pages[passage.page] += lists[-1]
        own, whole = by_the_formula(lists, query), by_the_formula(pages, query)
        share = Weights().page * max(own) / max(whole)
        expected = [
            score + share * whole[passage.page] if score else 0.0
            for score, passage in zip(own, index.passages, strict=True)
        ]
        assert index.scores(question) == pytest.approx(expected)
        assert max(expected) > 0
