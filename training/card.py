"""The model card's front matter, next to the report: the use of all parts of the run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from greenai_infra.errors import GreenAIError
from greenai_infra.files import write_whole
from greenai_infra.monitoring.run_report import FILE_NAME
from greenai_infra.reporting.card.formats import hugging_face
from greenai_infra.reporting.card.from_report import facts_of_report
from training.parts import last_run
from training.stopping import say

if TYPE_CHECKING:
    from greenai_infra.reporting.card.facts import CardFacts
    from training.contract import Folders

CARD = "model_card.md"


def write_card(folders: Folders) -> None:
    """Writes the card and prints its path; with unknown emissions, prints why there is no card."""
    card = folders.output / CARD
    try:
        facts = facts_of_report(folders.output / FILE_NAME, training_type="pre-training")
        write_whole(card, hugging_face(_of_all_parts(facts, folders)))
    except GreenAIError as error:
        say(f"no card: {error}")
        return
    print(f"  card: {card}")


def _of_all_parts(facts: CardFacts, folders: Folders) -> CardFacts:
    """The sums over the parts; the band keeps the proportions of the last part."""
    parts = last_run(folders)
    if len(parts) < 2:
        return facts
    kwh, kg = [one.energy_kwh for one in parts], [one.emissions_kg for one in parts]
    missing = sum(one is None for one in kg)
    caveats = [f"the sum of {len(parts)} parts, between which the training was stopped"]
    if missing:
        caveats.append(f"what {missing} of them used is not known, and left out")
    killed = sum(one.status == "running" for one in parts)
    if killed:
        caveats.append(f"{killed} of them were killed: this is the least")
    server_kwh = sum(filter(None, kwh))
    times = server_kwh / facts.server_kwh
    low, high = facts.energy_kwh_low, facts.energy_kwh_high
    return replace(
        facts,
        emissions_kg=sum(filter(None, kg)),
        server_kwh=server_kwh,
        energy_kwh=facts.energy_kwh * times,
        energy_kwh_low=None if low is None else low * times,
        energy_kwh_high=None if high is None else high * times,
        hours=sum(one.duration_s for one in parts) / 3600,
        caveats=(*facts.caveats, *caveats),
    )
