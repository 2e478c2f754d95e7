"""The table of licences: what each asks of those who pass on what they made, with the page that says so.

Ids are those of SPDX (https://spdx.org/licenses/) where it has the licence, else ``LicenseRef-`` and the id that the
Hugging Face hub uses (https://huggingface.co/docs/hub/repositories-licenses).  Looked at in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fairtrial.rights.readers.licences import name_licences

CC = "https://creativecommons.org/licenses"
GNU = "https://www.gnu.org/licenses/license-list.html"
CC_COMPATIBLE = "https://creativecommons.org/compatiblelicenses/"
CUSTOM = "LicenseRef-"


@dataclass(frozen=True, slots=True)
class LicenceTerms:
    """What a licence asks for.

    Attributes:
        id: of SPDX, or ``LicenseRef-NAME``.
        source: page with its text.
        hub: id that the Hugging Face hub uses; empty if it has none.
        attribution: the authors must be named, or notices kept.
        non_commercial: no commercial use.
        no_derivatives: what was changed must not be passed on.
        share_alike: ids under which what was made of it may be passed on; None if any will do.
        not_under: ids under which it must not be passed on, though it does not ask for its own.
        passes_on: conditions that everybody who gets it must be bound to, in words; empty if there are none.
        about_data: it asks for its own terms of a changed collection of data, not of what is computed from it.
        software: it is written for programs, and says nothing of models.
    """

    id: str
    source: str
    hub: str = ""
    attribution: bool = True
    non_commercial: bool = False
    no_derivatives: bool = False
    share_alike: frozenset[str] | None = None
    not_under: frozenset[str] = frozenset()
    passes_on: str = ""
    about_data: bool = False
    software: bool = False


def _free(name: str, source: str, hub: str = "") -> LicenceTerms:
    return LicenceTerms(name, source, hub, attribution=False)


def _list_creative_commons() -> list[LicenceTerms]:
    found = []
    for version in ("1.0", "2.0", "2.5", "3.0", "4.0"):
        for kind in ("BY", "BY-SA", "BY-NC", "BY-NC-SA", "BY-ND", "BY-NC-ND"):
            name = f"CC-{kind}-{version}"
            later = {f"CC-{kind}-{one}" for one in ("1.0", "2.0", "2.5", "3.0", "4.0") if one >= version}
            if version == "1.0":
                later = {name}  # it names no later version
            if name == "CC-BY-SA-4.0":
                later |= {"GPL-3.0-only", "GPL-3.0-or-later"}  # one way, CC_COMPATIBLE
            one = LicenceTerms(name, f"{CC}/{kind.lower()}/{version}/", name.lower())
            parts = kind.split("-")
            found.append(
                replace(
                    one,
                    non_commercial="NC" in parts,
                    no_derivatives="ND" in parts,
                    share_alike=frozenset(later) if "SA" in parts else None,
                )
            )
    return found


def _list_gnu() -> list[LicenceTerms]:
    source = "https://www.gnu.org/licenses"
    three = {"GPL-3.0-only", "GPL-3.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later"}
    two = {"GPL-2.0-only", "GPL-2.0-or-later"}
    terms = {
        "GPL-2.0-only": ({"GPL-2.0-only"}, f"{source}/old-licenses/gpl-2.0.html", ""),
        "GPL-2.0-or-later": (two | three, f"{source}/old-licenses/gpl-2.0.html", "gpl-2.0"),
        "GPL-3.0-only": (three - {"GPL-3.0-or-later", "AGPL-3.0-or-later"}, f"{source}/gpl-3.0.html", "gpl-3.0"),
        "GPL-3.0-or-later": (three, f"{source}/gpl-3.0.html", "gpl-3.0"),
        "AGPL-3.0-only": ({"AGPL-3.0-only"}, f"{source}/agpl-3.0.html", "agpl-3.0"),
        "AGPL-3.0-or-later": ({"AGPL-3.0-only", "AGPL-3.0-or-later"}, f"{source}/agpl-3.0.html", "agpl-3.0"),
    }
    return [
        LicenceTerms(name, page, hub, share_alike=frozenset(alike), software=True)
        for name, (alike, page, hub) in terms.items()
    ]


def _list_models() -> list[LicenceTerms]:
    """Return the licences of well-known models that bind everybody who gets them."""
    llama = (
        "the licence goes with it; its name begins with Llama and 'Built with Llama' is shown; the acceptable use "
        "policy holds; services above 700 million users a month need a licence of their own"
    )
    llama_2 = (
        "the licence and its notice go with it; the acceptable use policy holds; neither it nor what it writes may "
        "improve other language models than Llama; services above 700 million users a month need a licence of their own"
    )
    rail = "the restrictions of use in its Attachment A bind everybody who gets it"
    gemma = "the terms and their prohibited uses bind everybody who gets it, and changed files say that they are"
    bigcode = "https://huggingface.co/spaces/bigcode/bigcode-model-license-agreement"
    terms = [
        ("llama2", "https://ai.meta.com/llama/license/", llama_2),
        ("llama3", "https://www.llama.com/llama3/license/", f"{llama}; what it writes improves no other models"),
        ("llama3.1", "https://www.llama.com/llama3_1/license/", llama),
        ("llama3.2", "https://www.llama.com/llama3_2/license/", llama),
        ("llama3.3", "https://www.llama.com/llama3_3/license/", llama),
        ("gemma", "https://ai.google.dev/gemma/terms", gemma),
        ("openrail", "https://huggingface.co/blog/open_rail", rail),
        ("bigscience-bloom-rail-1.0", "https://huggingface.co/spaces/bigscience/license", rail),
        ("bigscience-openrail-m", "https://www.bigscience.huggingface.co/blog/bigscience-openrail-m", rail),
        ("bigcode-openrail-m", bigcode, rail),
        ("creativeml-openrail-m", "https://huggingface.co/spaces/CompVis/stable-diffusion-license", rail),
    ]
    return [
        LicenceTerms(CUSTOM + hub, source, hub, share_alike=frozenset({CUSTOM + hub}), passes_on=asked)
        for hub, source, asked in terms
    ]


_SPDX = "https://spdx.org/licenses"
_PLAIN = [
    _free("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/", "cc0-1.0"),
    _free("CC-PDM-1.0", "https://creativecommons.org/publicdomain/mark/1.0/"),
    _free("PDDL-1.0", "https://opendatacommons.org/licenses/pddl/1-0/", "pddl"),
    _free("Unlicense", "https://unlicense.org/", "unlicense"),
    _free("0BSD", f"{_SPDX}/0BSD.html", "0bsd"),
    _free("DL-DE-ZERO-2.0", "https://www.govdata.de/dl-de/zero-2-0"),
    LicenceTerms(
        "Apache-2.0",
        "https://www.apache.org/licenses/LICENSE-2.0",
        "apache-2.0",
        not_under=frozenset({"GPL-2.0-only"}),  # GNU, "Apache License, Version 2.0"
    ),
    LicenceTerms("MIT", f"{_SPDX}/MIT.html", "mit"),
    LicenceTerms("BSD-2-Clause", f"{_SPDX}/BSD-2-Clause.html", "bsd-2-clause"),
    LicenceTerms("BSD-3-Clause", f"{_SPDX}/BSD-3-Clause.html", "bsd-3-clause"),
    LicenceTerms("ISC", f"{_SPDX}/ISC.html", "isc"),
    LicenceTerms("ODC-By-1.0", "https://opendatacommons.org/licenses/by/1-0/", "odc-by"),
    LicenceTerms("CDLA-Permissive-1.0", "https://cdla.dev/permissive-1-0/", "cdla-permissive-1.0"),
    LicenceTerms("CDLA-Permissive-2.0", "https://cdla.dev/permissive-2-0/", "cdla-permissive-2.0"),
    LicenceTerms("OGL-UK-3.0", "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"),
    LicenceTerms("etalab-2.0", f"{_SPDX}/etalab-2.0.html", "etalab-2.0"),
    LicenceTerms("DL-DE-BY-2.0", "https://www.govdata.de/dl-de/by-2-0"),
    LicenceTerms("NLOD-2.0", "https://data.norge.no/nlod/en/2.0"),
    LicenceTerms(
        "ODbL-1.0",
        "https://opendatacommons.org/licenses/odbl/1-0/",
        "odbl",
        share_alike=frozenset({"ODbL-1.0"}),
        about_data=True,
    ),
    LicenceTerms(
        "CDLA-Sharing-1.0",
        "https://cdla.dev/sharing-1-0/",
        "cdla-sharing-1.0",
        share_alike=frozenset({"CDLA-Sharing-1.0"}),
        about_data=True,
    ),
]

LICENCES: Mapping[str, LicenceTerms] = {
    one.id: one for one in (*_PLAIN, *_list_creative_commons(), *_list_gnu(), *_list_models())
}
"""Every licence that is known, by its id."""
_NAMES: Mapping[str, str] = {
    **{one.hub.casefold(): one.id for one in LICENCES.values() if one.hub},
    **{name.casefold(): name for name in LICENCES},
    "gpl-2.0": "GPL-2.0-only",
    "gpl-3.0": "GPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
}


def find_licence(text: str) -> LicenceTerms | None:
    """Return a licence by its id of SPDX or of the hub, or its address; None if the table does not know it."""
    plain = text.strip()
    if known := _NAMES.get(plain.casefold()):
        return LICENCES[known]
    if "://" not in plain:
        return None
    names = name_licences(plain)
    by_page = {one.source.rstrip("/").casefold(): one.id for one in LICENCES.values()}
    name = names[0] if len(names) == 1 else by_page.get(plain.rstrip("/").casefold(), "")
    return LICENCES.get(name)
