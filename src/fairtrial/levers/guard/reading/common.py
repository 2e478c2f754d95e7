"""Common English words: by them a text that was decoded is told from one that only happens to decode."""

from __future__ import annotations

COMMON = frozenset(
    """
    a about above across act after again against ago all almost along already also always am among an and animal
    another answer any anyone anything are area around as ask at away back bad be became because become been before
    began begin being believe below best better between big black blood body book both bring build building bus but
    buy by call came can cannot car care carry case cause change check child children city clear close code cold
    come company complete computer could country course cut dark data day dead deal death describe detailed did
    different do does dog done door down draw drink drive during each early earth easy eat either end enough even
    ever every everything example explain eye face fact family far fast father few field find fire first five follow
    food foot for force form found four free friend from front full game gas gave get girl give given go going gold
    gone good got government great group grow guide had half hand happen hard has have he head health hear heart
    heat help her here high him his history hit hold home hour house how however hundred i idea if in inside instead
    instruction instructions into is it its job just keep kill kind knew know land large last late later law learn
    leave left less let letter life light like line list little live long look lost lot love low machine made make
    making man many may me mean message method might mind minute miss money month more morning most mother move much
    must my name near need never new news next night no none not nothing now number of off often oil old on once one
    only open or order other our out outside over own page paper part pass past pay people perhaps person phone
    place plan play please point police possible power print problem produce provide public put question quick
    quickly quiet ran read ready real really reason red remember reply report respond rest result right river road
    room rule rules run safe said same saw say school sea second secret see seem send sentence set several she ship
    short should show side simple since sit small so some someone something sometimes son song soon sound speak
    stand start state step steps still stop story street strong study such sure system table take talk teach tell
    ten test text than that the their them then there these they thing think this those though thought three through
    time to today together told too took toward town tree true try turn two under understand until up upon us use
    used using very voice wait walk want war was watch water way we week well went were what when where whether
    which while white who whole why will wind with within without woman word words work world would write written
    wrong year yes yet you young your
    """.split()  # noqa: SIM905 (a list would be 490 lines long)
)
