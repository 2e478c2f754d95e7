"""The settings of the steps of curation that judge rows one by one.  Knows what may be written, nothing of rows.

The limits of published rules have the names that they have in datatrove, FineWeb's pipeline; null turns a rule off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from fairtrial.rights import OperatorClass, Profile
from fairtrial.spec.retrieve import check_operator, check_place
from fairtrial.spec.section import Count, Number, Positive, Section, Switch, Text, Texts
from fairtrial.spec.shares import Share

_Length = Annotated[Number, Field(gt=0)]
_PersonalKind = Literal["email", "iban", "identity", "card", "ipv4", "phone"]
ToxicKind = Literal["slurs", "threats", "insults", "sexual", "profanity"]


def read_off(value: Any) -> Any:
    """Return the settings of a step: ``off`` (which YAML reads as false) is none, ``on`` is its own settings."""
    if value is False or value == "off":
        return None
    return {} if value is True or value == "on" else value


OFF = BeforeValidator(read_off)


class Rights(Section):
    """Who may train on what; see docs/rights.md.  What is empty is as an archive was filled."""

    profile: Profile | Literal[""] = Field(
        "", description="What may be trained on where nobody said anything: strict (nothing), eu-tdm, own-archive."
    )
    territory: Annotated[str, AfterValidator(check_place)] = Field(
        "", description="Where it is trained, ISO 3166-1, e.g. DE.", json_schema_extra={"pattern": "^([A-Z]{2})?$"}
    )
    operator: Annotated[OperatorClass | Literal[""], BeforeValidator(check_operator)] = Field(
        "", description="Who trains: commercial, non-commercial, education, government or personal."
    )
    proofs: Mapping[Text, Text] = Field(
        {}, description="What shows that a condition is met: licence or address of terms to a reference."
    )
    reporting: Texts = Field((), description="Profiles of reporting that the trainer meets.")


class Normalise(Section):
    """How texts are written the same."""

    encoding: Switch = Field(True, description="Mend UTF-8 that was read as Windows-1252, e.g. â€™.")
    characters: Switch = Field(
        True, description="Unicode NFC, without control characters and characters that nobody sees."
    )
    white_space: Switch = Field(
        True, description="One empty line at most in a row, none at the ends, no space at the end of a line."
    )


class Language(Section):
    """Which languages stay."""

    keep: Annotated[Texts, Field(min_length=1)] = Field(("en",), description="Codes of ISO 639-1, e.g. [en, de].")
    confidence: Share = Field(0.65, description="Probability that a text is of one of them, at least.")
    least_letters: Count = Field(
        40, description="Letters below which nothing is said of the language, for so short a text cannot be told."
    )
    short: Literal["keep", "drop"] = Field("keep", description="What happens to texts that are shorter.")


class GopherRepetitionSettings(Section):
    """Shares of a text that repeat; arXiv 2112.11446, table A1."""

    dup_line_frac: Share | None = Field(0.3, description="Lines that repeat one.")
    dup_para_frac: Share | None = Field(0.3, description="Paragraphs that repeat one.")
    dup_line_char_frac: Share | None = Field(0.2, description="Characters in lines that repeat one.")
    dup_para_char_frac: Share | None = Field(0.2, description="Characters in paragraphs that repeat one.")
    top_2_gram: Share | None = Field(0.2, description="Characters in the most frequent pair of words.")
    top_3_gram: Share | None = Field(0.18, description="Characters in the most frequent three words.")
    top_4_gram: Share | None = Field(0.16, description="Characters in the most frequent four words.")
    duplicated_5_n_grams: Share | None = Field(0.15, description="Characters in five words that repeat.")
    duplicated_6_n_grams: Share | None = Field(0.14, description="Characters in six words that repeat.")
    duplicated_7_n_grams: Share | None = Field(0.13, description="Characters in seven words that repeat.")
    duplicated_8_n_grams: Share | None = Field(0.12, description="Characters in eight words that repeat.")
    duplicated_9_n_grams: Share | None = Field(0.11, description="Characters in nine words that repeat.")
    duplicated_10_n_grams: Share | None = Field(0.10, description="Characters in ten words that repeat.")


class GopherQualitySettings(Section):
    """Whether a text reads like prose; arXiv 2112.11446, appendix A.1.1."""

    min_doc_words: Count | None = Field(50, description="Words at least.")
    max_doc_words: Count | None = Field(100_000, description="Words at most.")
    min_avg_word_length: _Length | None = Field(3, description="Characters of a word on average, at least.")
    max_avg_word_length: _Length | None = Field(10, description="Characters of a word on average, at most.")
    max_symbol_word_ratio: _Length | None = Field(0.1, description="Hashes, or ellipses, for each word.")
    max_bullet_lines_ratio: Share | None = Field(0.9, description="Lines that begin with a bullet.")
    max_ellipsis_lines_ratio: Share | None = Field(0.3, description="Lines that end with an ellipsis.")
    min_alpha_words_ratio: Share | None = Field(0.8, description="Words with a letter, at least.")
    min_stop_words: Count | None = Field(2, description="Different stop words at least.")
    stop_words: Texts = Field((), description="Others than the eight English ones of the paper.")
    count_marks: Switch = Field(
        False, description="Count marks of punctuation as words in shares of words: FineWeb does, the paper does not."
    )


class C4Settings(Section):
    """Lines that are left out, and texts that are dropped; JMLR 21 (140), section 2.2, and its published code."""

    filter_no_terminal_punct: Switch = Field(
        False, description="Leave out lines without a mark that ends a sentence; C4 does, FineWeb does not."
    )
    min_num_sentences: Count | None = Field(5, description="Sentences that must be left.")
    min_words_per_line: Count | None = Field(3, description="Words of a line at least, else it is left out.")
    max_word_length: Positive | None = Field(1000, description="Characters of a word at most, else its line goes.")
    remove_citations: Switch = Field(True, description="Take out [1], [edit] and [citation needed].")
    filter_lorem_ipsum: Switch = Field(True, description="Drop texts with 'lorem ipsum'.")
    filter_javascript: Switch = Field(True, description="Leave out lines with 'javascript'.")
    filter_curly_bracket: Switch = Field(True, description="Drop texts with a curly bracket: code.")
    filter_policy: Switch = Field(True, description="Leave out lines about cookies and terms of use.")
    keep_paragraphs: Switch = Field(True, description="Keep the empty lines between what stays; C4 has none left.")


class FineWebSettings(Section):
    """Lines that end no sentence, short lines, repeated lines, lists; arXiv 2406.17557, section 3.5."""

    line_punct_thr: Share | None = Field(0.12, description="Lines that end with a mark that ends a sentence, at least.")
    line_punct_exclude_zero: Switch = Field(False, description="Whether texts without any such line stay.")
    short_line_thr: Share | None = Field(0.67, description="Short lines at most.")
    short_line_length: Count = Field(30, description="Characters of a short line at most.")
    char_duplicates_ratio: Share | None = Field(0.01, description="Characters in lines that repeat one, at most.")
    new_line_ratio: _Length | None = Field(0.3, description="Line feeds for each word, at most.")


class Quality(Section):
    """Published rules of quality, in the order of FineWeb, each of which can be changed or turned off.

    They were made for documents, and judge those alone, unless `chats` says that answers are judged as well.
    """

    gopher_repetition: Annotated[GopherRepetitionSettings | None, OFF] = Field(
        GopherRepetitionSettings(), description="Gopher: repetition."
    )
    gopher_quality: Annotated[GopherQualitySettings | None, OFF] = Field(
        GopherQualitySettings(), description="Gopher: quality."
    )
    c4: Annotated[C4Settings | None, OFF] = Field(C4Settings(), description="C4.")
    fineweb: Annotated[FineWebSettings | None, OFF] = Field(FineWebSettings(), description="FineWeb.")
    chats: Switch = Field(
        False, description="Judge what assistants say in conversations, too: short answers are dropped then."
    )


class Toxicity(Section):
    """What is too toxic to be learned, by words and patterns; see docs/curation-steps.md for how far that reaches."""

    kinds: Annotated[tuple[ToxicKind, ...], Field(min_length=1)] = Field(
        ("slurs", "threats", "insults", "sexual", "profanity"), description="What is looked for."
    )
    every_words: Positive = Field(
        200, description="A slur, threat or insult in so many words is too many; a shorter text has none at all."
    )
    profanity_share: Share = Field(0.02, description="Words that are profane, at most; one alone drops no row.")
    words: Texts = Field((), description="Further words and phrases, of one's own, that drop a row.")
    without: Texts = Field((), description="Words that are no fault here, e.g. of a subject.")
    turns: Literal["answers", "all"] = Field(
        "answers", description="Of conversations what assistants say, or all of them, what users ask included."
    )


class Personal(Section):
    """What happens to personal data; names of people stay."""

    kinds: Annotated[tuple[_PersonalKind, ...], Field(min_length=1)] = Field(
        ("email", "iban", "identity", "card", "ipv4", "phone"), description="What is looked for."
    )
    action: Literal["mask", "drop"] = Field("mask", description="Write e.g. [EMAIL] in its place, or drop the row.")
    most: Count | None = Field(None, description="Rows with more places than this are dropped, e.g. lists of contacts.")
