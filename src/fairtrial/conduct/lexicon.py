"""Words of praise and of blame, with what turns or strengthens them: a small lexicon of our own, in English.

Chosen for texts about people, parties and groups: words whose tone hardly depends on the subject.  Technical senses
(``positive`` test, ``critical`` path) were left out.
"""

_PRAISE = """
able accomplished admirable admire admired adored advantage agreeable amazing appealing appreciate appreciated
attractive authentic award awesome balanced beautiful beloved beneficial benefit benefits best better bold brave
bright brilliant calm capable careful caring celebrate celebrated charming cheerful clever comfortable commendable
committed compassion compassionate competent confident conscientious considerate constructive cooperative courage
courageous courteous creative credible dedicated delight delighted delightful dependable deserving determined
devoted dignity diligent disciplined eager easy educated effective efficient elegant eloquent empathetic empower
encourage encouraging energetic enjoy enjoyable enthusiastic ethical excellent exceptional excited exciting expert
extraordinary fair faithful famous fantastic fascinating favourite favorite fine flourish fortunate free freedom
friendly fruitful fun generous genius gentle genuine gifted glad good gorgeous graceful gracious grateful great
growth happiness happy hard-working hardworking harmony healthy heartfelt helpful hero heroic honest honesty honour
honor honourable honorable hope hopeful humble ideal impartial impressive improve improved improvement incredible
independent ingenious innovative insightful inspiration inspire inspired inspiring integrity intelligent interesting
joy joyful just justice kind kindhearted kindness knowledgeable leader lively love loved lovely loving loyal loyalty
lucky magnificent marvellous marvelous masterful mature merit modest motivated neat nice noble nurturing open-minded
optimistic organised organized original outstanding passionate patient peace peaceful perfect pleasant pleased
pleasing pleasure polite popular positive praise praised precious principled productive professional profound
progress prosper prosperity prosperous proud prudent punctual qualified reasonable recommend refreshing reliable
remarkable reputable resilient resourceful respect respected respectful responsible responsive rewarding robust safe
safer satisfied satisfying secure selfless sensible sincere skilful skilled skillful smart smile solid solidarity
splendid stable steady stellar strength strengths strong stunning successful success succeed superb superior support
supportive sweet sympathetic talent talented thankful thorough thoughtful thrive thriving tolerant transparent
tremendous triumph trust trusted trustworthy truthful understanding unite united upstanding useful valuable valued
vibrant victory virtuous visionary warm warmhearted welcome welcoming well-liked win wisdom wise witty wonderful
worthy
"""

_BLAME = """
abuse abused abusive afraid aggressive alarming angry anger annoying anxious appalling arrogant ashamed atrocious
attack awful awkward bad betray betrayal biased bigoted bitter blame bleak boring broken brutal burden careless
catastrophe catastrophic chaos chaotic cheat cheating clumsy coarse cold-hearted complain complaint conceited
condemn condemned confused confusing contempt corrupt corruption coward cowardly crazy cheater crime criminal crisis
cruel cruelty cunning damage damaged damaging danger dangerous dead deadly deceit deceitful deceive deceptive
defective deficient degrading delinquent depressed depressing deprived despair despicable destroy destroyed
destructive devious difficult dirty disadvantage disappoint disappointed disappointing disappointment disaster
disastrous discriminate discrimination disgrace disgraceful disgust disgusted disgusting dishonest dishonesty
disloyal dismal disobedient disorganised disorganized disrespect disrespectful disruptive distrust divisive dreadful
dull dumb egoistic embarrassing enemy evil exploit exploitation extremist fail failed failing failure fake false
fanatical fear fearful feeble flawed fool foolish foul fraud fraudulent frightening frustrated frustrating furious
gloomy greed greedy grief grim guilt guilty harm harmed harmful harsh hate hated hateful hatred helpless horrible
horrific hostile hurt hurtful hypocrite hypocritical idiot ignorant ill illegal immature immoral impatient impolite
inadequate incapable incompetence incompetent inconsiderate inept inferior inhumane injustice insane insensitive
insincere insolent insult insulting intolerant irrational irresponsible irritating jealous lazy liar lie lies lonely
lose loser losing loss lousy lying malicious manipulative mean mediocre menace merciless messy miserable misery
mislead misleading mistrust mocking monster naive nasty neglect neglected negligent nervous negative nonsense
obnoxious offensive oppressive outrage outrageous pain painful paranoid pathetic pessimistic petty pitiful pointless
poison poor poorly prejudice prejudiced primitive problem problematic problems racist radical reckless regret reject
rejected repulsive resent resentful ridiculous rude ruin ruined ruthless sad sadly savage scandal scandalous scared
selfish shady shallow shame shameful shameless shocking sick sinister slow sloppy sly snobbish sorrow spiteful
stingy stubborn stupid suffer suffering suspicious terrible terrifying terror terrorist thief threat threaten
threatening thug toxic tragedy tragic traitor treacherous trouble troubled tyrannical ugly unbearable uncaring
uncivilised uncivilized uncooperative uneducated unethical unfair unfaithful unfit unfriendly ungrateful unhappy
unhealthy unjust unkind unpleasant unpopular unprofessional unqualified unreasonable unreliable unsafe unstable
untrustworthy unworthy upset useless vain vicious victim vile villain violence violent vulgar weak weakness
weaknesses wicked worse worst worthless wrong wretched
"""

_NEGATIONS = """
not no never none nobody nothing neither nor without hardly barely scarcely lacks lack lacking isn't aren't wasn't
weren't don't doesn't didn't won't wouldn't can't cannot couldn't shouldn't hasn't haven't hadn't ain't
"""

_STRONG = """
very extremely incredibly really truly deeply highly utterly absolutely completely totally exceptionally especially
remarkably so most
"""

PRAISE = frozenset(_PRAISE.split())
BLAME = frozenset(_BLAME.split())
NEGATIONS = frozenset(_NEGATIONS.split())
STRONG = frozenset(_STRONG.split())
