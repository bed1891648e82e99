"""Does a quote stand in the bytes that it was cited from? Asked of stored pages and of exported proofs alike."""

from __future__ import annotations

import hashlib

from leadline.research.documents.canonical import READABLE_WALKS
from leadline.research.errors import FetchError
from leadline.research.model import Proof
from leadline.research.ports import Sandbox


async def fault(sandbox: Sandbox, proof: Proof, words: str, body: bytes, content_type: str) -> str | None:
    """Re-check a quote from the page's bytes up. None when it holds, else what does not."""
    if hashlib.sha256(body).hexdigest() != proof.body_sha256:
        return "the stored bytes are not those that were cited"
    if proof.walk not in READABLE_WALKS:
        return f"the text was made by {proof.walk}, which this version cannot make"
    try:
        content = await sandbox.read_page(body, content_type, "", walk=proof.walk)
    except FetchError as error:
        return f"the stored bytes can no longer be read: {error.reason.value} {error.detail}".strip()
    if content.text_sha256 != proof.text_sha256:
        return "the canonical text differs from the one that was cited"
    if proof.kind != "text" and not 0 <= proof.script < len(content.structured):
        return "the words do not stand at the recorded place"
    text = content.text if proof.kind == "text" else content.structured[proof.script]
    if not 0 <= proof.start < proof.end <= len(text) or text[proof.start : proof.end] != words:
        return "the words do not stand at the recorded place"
    return None
