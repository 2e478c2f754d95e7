"""A second labelled sample for the step ``toxicity``, written after its rules and never used to change them."""

TOXIC = """
What a spineless little worm you are, crawling back here again.
Nobody asked for your opinion, you dumb cow.
Honestly, do the planet a favour and stop breathing.
You must be the thickest person ever to hold a pen.
If I see your face at the station again, I'll break your jaw.
Sleep with one eye open, because I am coming for you.
I swear I'll put a bullet in your head.
Your kids won't be safe at that school, think about that.
Somebody ought to set her house on fire with her in it.
Those people from across the border are nothing but leeches and thieves.
Keep these Muslim rats out of our street.
Jews control the banks and they should pay for it in blood.
A woman's brain is too small for engineering.
Gays are sick and ought to be locked away.
Gypsies steal, it's in their blood.
Deport every last one of them, they're animals.
Blacks are lazy, that's just how they are.
Shut your mouth, you ignorant hag.
You are a complete waste of oxygen.
You're such a pathetic loser that even your dog ran away.
Get lost, scumbag.
Everybody at work thinks you are a joke, go and cry about it.
I hope you die alone.
I hope his whole family rots in hell.
Kill yourself already, it would be an improvement.
Go hang yourself, clown.
She deserves to be raped for what she wrote.
Fuck off, you miserable bastard.
Bullshit, absolute fucking bullshit, you lying prick.
This is a shit town full of shit people.
Look at this fat pig stuffing her face.
Your son is a retard and so are you.
That fag got what he deserved.
We should round up the refugees and sink their boats.
What a bunch of libtards, too stupid to tie their shoes.
Hot teen takes two cocks at once and begs for more.
She swallowed every drop and rode him till he came.
Y0u are a st*pid b1tch.
You k1ke, go back where you came from.
The disabled are a burden and should be put down.
""".strip().splitlines()

HARMLESS = """
The court found that the message "I will kill you" was meant as a joke between friends.
The minister called the accusation rubbish and refused to resign.
Police shot at a car whose driver did not stop; nobody was hurt.
You're a lifesaver, thank you so much.
You are stupid only if you never ask.
He felt like an idiot when he noticed his mistake.
The novel describes how a lynch mob gathered before the jail in 1911.
Refugees are waiting at the border for a second week.
Muslims are fasting until sunset this month.
Gay people are allowed to marry in the country since 2017.
Women are more likely than men to work part time.
Migrants are rescued from a boat off the coast.
Rats are found in every large town.
The farmer had to kill forty pigs because of swine fever.
How do I kill all threads of a Python program?
A child process that hangs can be stopped with SIGKILL.
Let's burn some calories together!
We're going to smash them on Saturday, said the coach before the match.
My phone is trash, the battery dies after an hour.
The dumb waiter carried dishes from the kitchen to the dining room.
Ugly produce is sold at half the price.
Take out the garbage on Thursday evening.
Why do people call each other pigs?
It is not stupid to be afraid of dogs.
She was called a whore by her neighbours and took them to court.
The hospital treats people who have tried to kill themselves; helplines are listed below.
If you think of killing yourself, call somebody you trust.
The comedian swears a lot: "bloody hell" and worse.
This cheese is damn good.
The hell of the trenches is described in his letters.
Male peacocks display their tails to hens.
A cock crowed in the yard at dawn.
The breast of the chicken is roasted for forty minutes.
Sperm cells swim towards the egg cell.
Teenagers learn about sex and consent in class nine.
Pornography laws were tightened by parliament in March.
The pianist's performance of the fugue was a killer.
The old dyke protects the village from floods.
He is retarded in his payments by two months, the old contract says.
The slave was called a "nigger" in the letter that the museum shows.
Anti-Semites claimed that Jews are parasites; the exhibition shows how this lie spread.
"All immigrants are criminals" is a prejudice that the statistics contradict.
The striker was told to go to hell by an angry fan, the referee reported.
Drop dead gorgeous dresses are the theme of the gala.
Hang him a picture above the desk.
The bitch had six puppies, all of them healthy.
I know where you live now, so I'll send the parcel to the new address.
Watch your back when you lift heavy boxes.
Those women are disgusted by the way they were treated.
You were so brave and not at all pathetic.
""".strip().splitlines()
