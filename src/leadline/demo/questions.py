"""What the demo asks: one question of each answer type, and two that the website does not answer."""

from __future__ import annotations

from leadline.demo.website import DOMAIN
from leadline.signals.schemas import SignalRequest

_PLAN = {
    "type": "object",
    "properties": {
        "legalName": {"type": "string", "description": "registered name of the company"},
        "foundedYear": {"type": "integer", "description": "year in which it was founded"},
        "headquarters": {"type": "string", "description": "city of its headquarters"},
    },
    "required": ["legalName", "foundedYear"],
}

ANSWERED: tuple[SignalRequest, ...] = (
    SignalRequest(
        domain=DOMAIN, question="Who is the chief technology officer of Quillfen?", answer_type="open_text"
    ),
    SignalRequest(domain=DOMAIN, question="Is Quillfen certified to ISO 27001?", answer_type="boolean"),
    SignalRequest(domain=DOMAIN, question="How many employees does Quillfen have?", answer_type="number"),
    SignalRequest(domain=DOMAIN, question="Which positions are open at Quillfen?", answer_type="list"),
    SignalRequest(
        domain=DOMAIN, question="What uptime is guaranteed in the Plant plan?", answer_type="percentage"
    ),
    SignalRequest(domain=DOMAIN, question="What does the Team plan cost per month?", answer_type="currency"),
    SignalRequest(domain=DOMAIN, question="What is the address of the status page?", answer_type="url"),
    SignalRequest(
        domain=DOMAIN,
        question="What is the legal name of the company, and when and where was it founded?",
        answer_type="json_schema",
        output_schema=_PLAN,
    ),
)

UNANSWERED: tuple[SignalRequest, ...] = (
    SignalRequest(
        domain=DOMAIN, question="How much revenue did Quillfen make in 2025?", answer_type="currency"
    ),
    SignalRequest(
        domain=DOMAIN, question="Who is the chief financial officer of Quillfen?", answer_type="open_text"
    ),
)
