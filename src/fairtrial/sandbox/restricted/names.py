"""Names of modules that restricted code may import, and what it finds in them; a table, which imports nothing.

Modules of `PLAIN` give the real thing under each name: functions and classes without a way to files, processes or the
interpreter.  Others are stand-ins, which whoever runs the code brings.
"""

from __future__ import annotations

from collections.abc import Mapping

PLAIN: Mapping[str, frozenset[str]] = {
    name: frozenset(names.split())
    for name, names in {
        "re": "compile findall finditer match fullmatch search split sub subn escape purge error Pattern Match A ASCII "
        "I IGNORECASE M MULTILINE S DOTALL X VERBOSE U UNICODE NOFLAG",
        "string": "ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits punctuation printable "
        "whitespace capwords",
        "math": "ceil comb copysign cos degrees dist e exp expm1 fabs factorial floor fmod frexp fsum gcd hypot inf "
        "isclose isfinite isinf isnan isqrt lcm ldexp log log10 log1p log2 modf nan perm pi pow prod radians remainder "
        "sin sqrt tan tau trunc acos asin atan atan2 cosh sinh tanh",
        "itertools": "accumulate batched chain combinations combinations_with_replacement compress count cycle "
        "dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest",
        "collections": "Counter OrderedDict defaultdict deque namedtuple ChainMap",
        "functools": "partial reduce lru_cache cache cmp_to_key",
        "unicodedata": "bidirectional category combining decimal digit east_asian_width mirrored name normalize "
        "numeric lookup",
        "statistics": "mean fmean median mode stdev pstdev variance pvariance",
        "copy": "copy deepcopy",
        "fractions": "Fraction",
        "decimal": "Decimal ROUND_HALF_UP ROUND_HALF_EVEN ROUND_DOWN InvalidOperation",
        "html": "escape unescape",
        "textwrap": "dedent fill indent shorten wrap",
        "difflib": "SequenceMatcher get_close_matches",
        "bisect": "bisect bisect_left bisect_right insort",
        "heapq": "heapify heappop heappush nlargest nsmallest",
        "xml.sax.saxutils": "escape unescape quoteattr",
        "colorsys": "hls_to_rgb rgb_to_hls rgb_to_hsv hsv_to_rgb",
        "ipaddress": "ip_address ip_network IPv4Address IPv6Address IPv4Network IPv6Network",
        "uuid": "UUID",
    }.items()
}
"""Module name to what of it may be used."""

STAND_INS: Mapping[str, frozenset[str]] = {
    name: frozenset(names.split())
    for name, names in {
        "json": "dumps loads load JSONDecodeError",
        "ast": "literal_eval",
        "operator": "add sub mul truediv floordiv mod itemgetter eq ne lt le gt ge and_ or_ not_ contains neg",
        "random": "betavariate choice choices expovariate gauss normalvariate randint random randrange sample seed "
        "shuffle triangular uniform Random getrandbits",
        "typing": "",
        "collections.abc": "",
        "__future__": "annotations",
        "abc": "ABC abstractmethod",
        "logging": "getLogger info warning error debug exception critical INFO DEBUG WARNING ERROR basicConfig Logger",
        "warnings": "warn filterwarnings simplefilter",
        "sys": "maxsize maxunicode version_info",
        "os": "path",
        "os.path": "basename dirname join splitext abspath realpath exists isfile split",
        "pathlib": "Path PurePath",
        "time": "",
        "dataclasses": "dataclass field asdict",
        "signal": "SIGALRM signal alarm",
        "importlib.metadata": "version",
        "immutabledict": "immutabledict",
        "tqdm": "tqdm",
    }.items()
}
"""Modules of Python itself that are stood in for; an empty set means that any name may be imported (types)."""
