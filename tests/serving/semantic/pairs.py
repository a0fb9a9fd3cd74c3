"""Pairs of questions for calibration and its test: templates, each with fillers, rephrasings and hard negatives.

    python -m tests.serving.semantic.pairs > pairs.csv

Written for this project; the rephrasings were written before the guard was asked about them, distant ones among them,
so that it finds a part only. A hard negative has nearly the same words and another answer.
"""

from __future__ import annotations

import csv
import sys
from typing import NamedTuple


class Row(NamedTuple):
    """A line of the CSV."""

    question: str
    other: str
    same_answer: int
    template: str


TEMPLATES = """
capital | Norway:Sweden, Kenya:Uganda, Peru:Chile, Laos:Nepal
= what is the capital of {x}
+ What's {x}'s capital? / which city is the seat of government in {x}
- what is the capital of {y} / what was the capital of {x}

flights | Oslo:Rome, Lima:Quito, Cairo:Tunis, Delhi:Dhaka
= cheap flights from {x} to {y}
+ cheap flights to {y} from {x} / how do I fly from {x} to {y} without paying much
- cheap flights from {y} to {x} / cheap trains from {x} to {y}

remove | rust:a bicycle chain, ink:a cotton shirt, mould:bathroom tiles, gum:a carpet
= how do I remove {x} from {y}
+ What are the steps to remove {x} from {y}? / best stuff to get {y} clean again after {x}
- how do I remove {x} from {y} without water / why do I remove {x} from {y}

safe | ibuprofen:cats, melatonin:toddlers, raw honey:babies, garlic:dogs
= is {x} safe for {y}
+ Could you tell me whether {x} is safe for {y}? / would giving {x} do {y} any harm
- is {x} not safe for {y} / is {x} safe for adult {y}

mass | 5:7, 10:12, 25:20, 40:14
= how much does it cost to post a {x} kg parcel
+ how much does it cost to post a {x} kilogram parcel? / postage for {x} kilos
- how much does it cost to post a {y} kg parcel / how much does it cost to post a {x} lb parcel

height | Mont Blanc:Mount Elbrus, the Shard:the Gherkin, the Space Needle:the CN Tower, Ben Nevis:Snowdon
= how tall is {x}
+ what is the height of {x} / how many metres up does {x} go
- how tall is {y} / how old is {x}

author | Middlemarch:Emma, Ulysses:Dubliners, Walden:Nature, Candide:Zadig
= who wrote {x}
+ Who is the author of {x}? / whose pen did {x} come from
- who wrote {y} / when was {x} written

opening | library:bakery, post office:bank, swimming pool:gym, town hall:museum
= when does the {x} open on Sunday
+ could you please tell me when the {x} opens on Sunday / Sunday hours of the {x}
- when does the {x} open on Monday / when does the {x} close on Sunday

difference | a crow:a raven, jam:jelly, a lathe:a mill, butter:ghee
= what is the difference between {x} and {y}
+ what's the difference between {y} and {x}? / how can I tell {x} from {y}
- what do {x} and {y} have in common / which is cheaper, {x} or {y}

convert | 3:4, 8:9, 15:50, 60:16
= how many feet are in {x} meters
+ how many feet are there in {x} metres? / {x} m expressed in ft
- how many feet are in {y} meters / how many meters are in {x} feet

tense | Leeds:York, Basel:Bern, Turin:Genoa, Porto:Faro
= who is the mayor of {x}
+ Who's the mayor of {x}? / who runs the city of {x} at present
- who was the mayor of {x} / who will be the mayor of {x}

modal | avocados:olives, mushrooms:onions, bread:cheese, cream:yoghurt
= can I freeze {x}
+ Is it possible to freeze {x}? / do {x} survive the freezer
- should I freeze {x} / can I freeze cooked {x}

quantifier | spiders:beetles, sharks:whales, owls:swans, frogs:newts
= are all {x} able to swim
+ I was wondering, are all {x} able to swim? / does every one of the {x} swim
- are some {x} able to swim / are no {x} able to swim

cause | migraines:dizziness, earthquakes:tsunamis, hiccups:snoring, inflation:deflation
= what causes {x}
+ What is the cause of {x}? / where do {x} come from
- what do {x} cause / what prevents {x}

roles | Google:Fitbit, Adobe:Figma, Disney:Pixar, Volvo:Polestar
= did {x} buy {y}
+ was {y} bought by {x} / is {y} owned by {x} since a takeover
- did {y} buy {x} / did {x} sell {y}

language | thank you:Polish, good night:Greek, cheers:Finnish, welcome:Turkish
= how do you say {x} in {y}
+ How do I say {x} in {y}? / the {y} phrase that means {x}
- how do you say {x} in Danish / how do you write a letter in {y}

file | CSV:JSON, PNG:JPEG, Word:PDF, MP4:GIF
= how do I convert a {x} file to a {y} file
+ how can I convert a {x} file to a {y} file? / got a {x}, need a {y}
- how do I convert a {y} file to a {x} file / how do I compress a {x} file to a {y} file

python | 3.9:3.10, 3.8:3.18, 3.1:3.11, 3.12:3.2
= what is new in Python {x}
+ What's new in Python {x}? / list what Python {x} brought
- what is new in Python {y} / what was removed in Python {x}

superlative | lake:island, desert:mountain, bridge:tunnel, volcano:glacier
= what is the largest {x} in Europe
+ which {x} is the largest in Europe / name Europe's number one {x} by size
- what is the smallest {x} in Europe / what is the second largest {x} in Europe

time | 2:3, 4:14, 20:12, 45:54
= how do I run {x} kilometers in an hour
+ what is the best way to run {x} km in an hour / plan for covering {x} km within sixty minutes
- how do I run {x} kilometers in a day / how do I run {y} kilometers in an hour

visa | Japan:China, Brazil:Cuba, India:Oman, Kenya:Ghana
= do I need a visa for {x}
+ Is a visa required for {x}? / can I enter {x} with just a passport
- do I need a visa for {y} / do I need a vaccine for {x}

learn | the violin:the viola, chess:bridge, welding:pottery, sailing:rowing
= how long does it take to learn {x}
+ How much time does it take to learn {x}? / after how many lessons am I good at {x}
- how long does it take to teach {x} / how much does it cost to learn {x}

boil | water:milk, mercury:bromine, ethanol:acetone, helium:neon
= what is the boiling point of {x}
+ at what temperature does {x} boil / when {x} turns to gas, how hot is it
- what is the melting point of {x} / what is the boiling point of {y}

fix | a leaking tap:a leaking roof, a flat tyre:a bent wheel, a torn sail:a torn tent, a stuck zip:a lost button
= how do I fix {x}
+ how do I repair {x} / {x} is giving me trouble, what now
- how do I fix {y} / how much is it to fix {x}

error | 403:404, 500:502, 301:302, 429:409
= what does HTTP status {x} mean
+ what is the meaning of HTTP status {x} / server answers {x}, why
- what does HTTP status {y} mean / what does HTTP status {x} not mean

population | Malta:Cyprus, Fiji:Tonga, Latvia:Estonia, Panama:Belize
= what is the population of {x}
+ how many people live in {x} / {x} has how big a populace
- what is the population density of {x} / what is the population of {y}

which | trains:buses, cats:dogs, oil:gas, wood:coal
= which is cheaper, {x} or {y}
+ which is cheaper, {y} or {x} / do {x} cost me less than {y}
- which is dearer, {x} or {y} / which is safer, {x} or {y}

without | sugar:salt, eggs:flour, an oven:a fridge, yeast:butter
= how do I make cake without {x}
+ how can I make a cake without {x} / {x} free cake, please
- how do I make cake with {x} / how do I make cake without {y}

people | Marie Curie:Lise Meitner, Alan Turing:Kurt Godel, Ada Lovelace:Mary Shelley, Niels Bohr:Max Born
= when was {x} born
+ Do you know when {x} was born? / in which year did the life of {x} begin
- when was {y} born / when did {x} die

before | lunch:dinner, surgery:the exam, the race:the flight, bed:work
= should I drink coffee before {x}
+ is it advisable to drink coffee before {x} / coffee ahead of {x}, good or bad
- should I drink coffee after {x} / should I drink tea before {x}

start | a podcast:a newsletter, a bakery:a bookshop, a choir:a band, a blog:a forum
= how do I start {x}
+ How would I go about starting {x}? / first moves for anybody who dreams of {x}
- how do I stop {x} / how do I start {y}

number | seven:eight, 12:20, three:thirteen, 90:19
= give me {x} reasons to ride a bicycle
+ please give me {x} reasons to ride a bike / {x} arguments in favour of cycling
- give me {y} reasons to ride a bicycle / give me {x} reasons not to ride a bicycle

weather | Lagos:Accra, Sofia:Skopje, Perth:Cairns, Boston:Denver
= what is the weather like in {x} in May
+ how is the weather in {x} in May / {x} in spring: take a coat or not
- what is the weather like in {x} in March / what is the weather like in {y} in May

price | a violin:a cello, a hip operation:a knee operation, a beehive:a henhouse, a heat pump:a boiler
= how much does {x} cost
+ what is the price of {x} / what do people pay for {x} these days
- how much does {y} cost / how much does a used version of {x} cost

symptoms | measles:mumps, gout:lupus, anemia:leukemia, malaria:dengue
= what are the symptoms of {x}
+ what are {x} symptoms / how would I notice {x}
- what are the causes of {x} / what are the early symptoms of {x}

git | a commit:a merge, a tag:a branch, a rebase:a stash, a push:a pull
= how do I undo {x} in git
+ How can I undo {x} in Git? / git: take back {x}
- how do I undo {y} in git / how do I undo {x} in svn

colour | violets:pansies, salmon:trout, flamingos:herons, lobsters:shrimps
= why are {x} pink
+ For what reason are {x} pink? / what gives {x} their tint
- why are {x} not pink / how are {x} pink

plant | tomatoes:potatoes, tulips:roses, garlic:leeks, beans:peas
= when should I plant {x} in Ohio
+ In Ohio, when should I plant {x}? / right month for {x} in an Ohio garden
- where should I plant {x} in Ohio / when should I plant {x} in Utah

loan | a car:a house, a boat:a farm, a van:a flat, a tractor:a barn
= can I get a loan for {x} if I am unemployed
+ can I obtain a loan for {x} if I'm unemployed? / no job, but need money for {x}
- can I get a loan for {x} if I am employed / can I get a loan for {y} if I am unemployed

spelling | grey:green, tyre:wheel, jewellery:pottery, pyjama:towel
= what is the favorite {x} color in Canada
+ what's the favourite {x} colour in Canada / {x} shades that Canadians like most
- what is the least favorite {x} color in Canada / what is the favorite {y} color in Canada
"""


def rows() -> list[Row]:
    """All pairs: half of them the same, half of them hard negatives."""
    found: list[Row] = []
    for block in TEMPLATES.strip().split("\n\n"):
        head, asked, same, different = block.split("\n")
        name, fillers = head.split(" | ")
        for filler in fillers.split(", "):
            x, y = filler.split(":")
            for line, truth in ((same, 1), (different, 0)):
                for variant in line[2:].split(" / "):
                    question, other = (text.strip().format(x=x, y=y) for text in (asked[2:], variant))
                    found.append(Row(question, other, truth, name))
    return found


if __name__ == "__main__":
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(Row._fields)
    out.writerows(rows())
