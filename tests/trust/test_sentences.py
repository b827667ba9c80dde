"""Every verdict has its words, and words fit into every sentence."""

from n2v_tools.trust.sentences import FORBIDDEN, OVERALL_SENTENCES, TITLES
from n2v_tools.trust.verdicts import OVERALL

WORDS = {"kept": "20 %", "finer": "finer than 3 px", "reason": "it is small", "mask": "a mask"}
WORDS |= {"shift": "1 px down", "exchanged": "frames 1 and 2", "levels": "counts are halved"}


def test_every_overall_verdict_has_a_title_and_a_sentence():
    assert set(OVERALL) <= set(TITLES) and set(OVERALL) <= set(OVERALL_SENTENCES)
    assert set(OVERALL) - set(FORBIDDEN) == {"good"}


def test_sentences_end_and_leave_nothing_open():
    for text in (*OVERALL_SENTENCES.values(), *FORBIDDEN.values()):
        said = text.format(**WORDS)
        assert not said[0].islower() and said[-1] in ".:" and "{" not in said


def test_what_must_not_be_measured_is_that_of_a_verdict():
    assert set(FORBIDDEN) - set(TITLES) == {"movie", "always"}
