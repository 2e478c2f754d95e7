"""The rules that FineWeb added: lines that end no sentence, short lines, repeated lines, lists.

Source: Penedo et al., The FineWeb Datasets: Decanting the Web for the Finest Text Data at Scale, arXiv 2406.17557,
section 3.5; the rule about lists and the length of a short line are in its published pipeline.
"""

from __future__ import annotations

from fairtrial.curation.steps.quality.measuring import Broken, MeasuredText, count_duplicates
from fairtrial.spec.curate_steps import FineWebSettings

_TERMINAL = """
21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e 1735-1736 17d4-17d6 17d9-17da
1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f 203c-203d 2047-2049 2e2e 2e3c 2e53-2e54
3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 aa5d-aa5f aaf0-aaf1 abeb fe52 fe56-fe57 ff01 ff0e ff1f
ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 110be-110c1 11141-11143 111c5-111c6 111cd 111de-111df 11238-11239
1123b-1123c 112a9 1144b-1144c 115c2-115c3 115c9-115d7 11641-11642 1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c
11c41-11c42 11ef7-11ef8 11f43-11f44 16a6e-16a6f 16af5 16b37-16b38 16b44 16e98 1bc9f 1da88
"""
"""Code points that end a sentence in some script: the property Sentence_Terminal of Unicode 15."""


def _list_terminal() -> tuple[str, ...]:
    spans = [one.split("-") for one in _TERMINAL.split()]
    return tuple(chr(code) for span in spans for code in range(int(span[0], 16), int(span[-1], 16) + 1))


TERMINAL = _list_terminal()
_TERMINAL_SET = frozenset(TERMINAL)


def find_poor_lines(measured: MeasuredText, settings: FineWebSettings) -> Broken | None:
    """Return the first rule that a text breaks, None where it breaks none."""
    lines = measured.filled_lines
    if not lines:
        return Broken("empty")
    limit = settings.line_punct_thr
    if limit is not None:
        share = sum(1 for line in lines if line[-1] in _TERMINAL_SET) / len(lines)
        if share < limit and not (share == 0 and settings.line_punct_exclude_zero):
            return Broken("line_punct_ratio", share, limit)
    limit = settings.short_line_thr
    if limit is not None:
        share = sum(1 for line in lines if len(line) <= settings.short_line_length) / len(lines)
        if share > limit:
            return Broken("short_line_ratio", share, limit)
    limit = settings.char_duplicates_ratio
    if limit is not None:
        share = count_duplicates(lines)[1] / (len(measured.text) - measured.text.count("\n"))
        if share > limit:
            return Broken("char_dup_ratio", share, limit)
    limit = settings.new_line_ratio
    if limit is not None and measured.tokens:
        share = measured.text.count("\n") / len(measured.tokens)
        if share > limit:
            return Broken("list_ratio", share, limit)
    return None
