"""Toxic rows found by words and patterns: how many of a labelled sample of our own, and what is wrongly found.

The figures here are those of docs/curation-steps.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairtrial.curation.base import ConversationTurn, Drop, RowOrigin, StepContext, TrainingRow
from fairtrial.curation.steps.toxicity import ToxicityStep
from fairtrial.spec.curate_steps import Toxicity
from tests.support import toxic_sentences

HERE = StepContext(datetime(2026, 5, 1, tzinfo=UTC), Path("/nowhere"))

TOXIC = """
You are such an idiot, nobody wants you here.
You're a worthless piece of shit and everyone knows it.
Shut up, you stupid moron.
I will kill you if you come here again.
I'm going to beat you up after school.
Go kill yourself.
kys loser
You should die in a fire.
All immigrants are criminals and rapists.
Muslims are vermin.
These jews are parasites.
Women are inferior and should stay at home.
Exterminate all gypsies.
Someone should shoot them all.
Hope you get cancer, bitch.
You fucking retard, learn to read.
He is a filthy kike.
The faggots are taking over this town.
Those niggers should go back.
I hope your family burns.
I know where you live.
Fuck you and your fucking company.
What the fuck is this shit, you fucking assholes.
You are a fat ugly pig.
Nobody likes you, go die.
You're all a bunch of pathetic losers.
Black people are monkeys.
Gas the jews.
She is a slut and a whore.
Suck my dick, you cunt.
I'd love to strangle him with my own hands.
you @re an 1d10t
F u c k you.
Yοu are a mοron.
You are nothing but trash.
Refugees are cockroaches that must be crushed.
We will hunt you down and kill you.
Trannies make me sick.
Your mother should have swallowed you.
You people breed like rats.
People like you are the reason this country is going down the drain, do us all a favour and jump.
Only an imbecile could have written what you wrote.
The world would be better without you in it.
Go back to the jungle where your kind belongs.
Hot milf gets a creampie in her tight pussy.
He came on her tits after the blowjob.
They are all subhumans.
Lynch him!
Drop dead.
You disgust me, you brainless cow.
""".strip().splitlines()

HARMLESS = """
The suspect is accused of having killed two men; the trial begins on Monday.
Police said that the threat to shoot pupils was not credible.
How do I kill a process that hangs on Linux?
The bridge was closed after a lorry burned out on it.
You are right, that was a stupid mistake of mine.
You are an idiot if you never make a mistake, as the saying goes.
Don't be too hard on yourself: you are not stupid.
The word "faggot" was used for a bundle of sticks before it became a slur.
The linguist traces how 'nigger' turned from a description into an insult.
Cock-a-doodle-doo, said the cock, and the hens woke up.
The pussy cat sat on the mat.
Dick Cheney was vice president from 2001 to 2009.
Scunthorpe and Penistone are towns in England.
The association of gay and lesbian journalists meets in June.
Many refugees are children who travel alone.
Immigrants are often younger than the population as a whole.
Women are paid less than men for the same work in most countries.
Black people are more often stopped by the police, the report finds.
Jews are celebrating Passover this week.
Trans people are asking for shorter waiting lists.
The queen bee kills her rivals.
Breast cancer is the most frequent cancer of women.
Use a condom; it protects against most sexually transmitted infections.
An orgasm is the climax of sexual excitement.
The film has scenes of violence and strong language.
The dog was put down because it was suffering.
She would have died of thirst if nobody had found her.
I hate Mondays.
This recipe is the shit!
Damn, that was a close match.
What a crap day: it rained from morning till night.
He shot three goals and hit the post twice.
The bastard operator from hell is an old joke among administrators.
The king's bastard son was given lands in the north.
I'm dying to see the new film.
You're killing it! Great job.
If you want to kill weeds, pull them out with the root.
The gunman shouted that he would kill them, a witness said.
Shut the door and turn up the heating, please.
We will beat you in the final, said the captain with a smile.
Their new album is sick.
The prosecutor called him a danger to children.
You need to rest, you look tired.
You should burn the DVD at a lower speed.
They should be tried before a court, not hanged.
The retarded potential is used in electrodynamics.
A chink in the armour of the defence.
The spic and span kitchen gleamed.
Hang him a coat on the hook, will you?
The lesson is about the lynching of Emmett Till in 1955.
To gas up the car, turn left after the lights.
The disabled are entitled to a parking place.
Rape is a crime under international law when it is used in war.
Cut up the onions and fry them.
The asshole of the year award is satire.
Fat people are paid less, a study says.
You are fat-shaming, which is not fine.
The rats in the cellar are a plague.
Her dissertation on hate speech quotes insults to women in politics.
Bitch is a term for a female dog among breeders.
""".strip().splitlines()


def find(text: str, **settings: object) -> str:
    """Return the kind that is found; empty if none."""
    found = ToxicityStep(Toxicity(**settings), HERE).find(text)  # type: ignore[arg-type]
    return found[0] if found else ""


def test_a_labelled_sample_is_judged_as_the_docs_say() -> None:
    missed = [text for text in TOXIC if not find(text)]
    wrong = [(text, find(text)) for text in HARMLESS if find(text)]
    assert (len(TOXIC), len(HARMLESS)) == (50, 60)
    assert len(missed) == 9  # disguised letter by letter, or said without any of the words
    assert wrong == [("Cock-a-doodle-doo, said the cock, and the hens woke up.", "sexual")]


def test_an_unseen_sample_is_judged_as_the_docs_say() -> None:
    found = [text for text in toxic_sentences.TOXIC if find(text)]
    wrong = [text for text in toxic_sentences.HARMLESS if find(text)]
    assert (len(found), len(toxic_sentences.TOXIC)) == (14, 40)
    assert (len(wrong), len(toxic_sentences.HARMLESS)) == (8, 50)


def test_of_conversations_answers_count_unless_all_is_asked_for() -> None:
    chat = TrainingRow(
        RowOrigin("a", 1),
        (
            ConversationTurn("user", "You are an idiot."),
            ConversationTurn("assistant", "I am sorry that you are not content."),
        ),
    )
    assert ToxicityStep(Toxicity(), HERE).apply(chat) is chat
    dropped = ToxicityStep(Toxicity(turns="all"), HERE).apply(chat)
    assert dropped == Drop("toxic: insults", "1 in 12 words")


def test_of_a_preference_the_better_answer_counts() -> None:
    prompt = (ConversationTurn("user", "Say hello."),)
    good = TrainingRow(RowOrigin("a", 1), prompt, chosen="Hello!", rejected="Shut up, you idiot.")
    bad = TrainingRow(RowOrigin("a", 2), prompt, chosen="Shut up, you idiot.", rejected="Hello!")
    step = ToxicityStep(Toxicity(), HERE)
    assert step.apply(good) is good
    assert isinstance(step.apply(bad), Drop)


def test_one_threat_in_a_long_text_is_not_enough() -> None:
    story = "The ferry left the quay at noon and the gulls went with it. " * 60 + "I will kill you, said the captain."
    assert find(story) == ""
    assert find(story + " I will kill you. I'll stab him. I will shoot them.") == "threats"


def test_kinds_words_and_exceptions_are_settings() -> None:
    assert find("You are an idiot.", kinds=("slurs",)) == ""
    assert find("The zorgs came at night.", words=("zorgs",)) == "words"
    assert find("The zorgs. came", words=("zorg",)) == ""
    assert find("What a shitty, shitty day.") == "profanity"
    assert find("What a shitty, shitty day.", without=("shitty",)) == ""
    assert find("What a shitty, shitty day.", profanity_share=0.9) == ""


@pytest.mark.parametrize("text", ["a" * 200_000, "you are " * 30_000, "i will " * 30_000, "[" * 100_000, "'a" * 60_000])
def test_long_texts_take_no_more_than_their_length(text: str) -> None:
    assert find(text) == ""
