"""`counterfoil evidence`: bundles that can be handed on, and proving offline that one is as it was issued."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.command import QUESTIONS, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import account_id_of
from counterfoil.cli.output import cell
from counterfoil.evidence import bundle_verdict, bundles
from counterfoil.evidence.bundle_verdict import Proof, Verification
from counterfoil.evidence.bundle_verify import read_public_key
from counterfoil.evidence.bundle_verify import verify as verify_bundle
from counterfoil.evidence.bundles import FILE_BYTES_MAX, View
from counterfoil.evidence.bundles_service import Bundle
from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.foundation.shown import Json
from counterfoil.foundation.vocabulary import Kind, Language, entry

# Read instead of a file.
_STANDARD_INPUT = "-"
_SUBJECT_CHARACTERS_MAX = 20_000
# What a later bundle can do better, which whoever makes one should know.
_WORTH_SAYING = (Proof.NOT_YET, Proof.TOO_FAR, Proof.WITHHELD)


async def bundle(
    call: Call,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT", help="What counterfoil explain takes: an id, or an error text; -: standard input."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="A new file to write it to; not given: standard output."),
    ] = None,
    html: Annotated[
        bool, typer.Option("--html", help="As a page to read or print, with the data in it: verify takes it as well.")
    ] = False,
    view: Annotated[
        View, typer.Option("--view", help="For whom: a customer's copy can be handed on, a staff copy cannot.")
    ] = View.CUSTOMER,
    account: Annotated[
        str | None,
        typer.Option(
            "--account", metavar="ACCOUNT", help="For a customer of this account: what belongs to others is not found."
        ),
    ] = None,
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint", help="Make a checkpoint first, so that every movement is under one.")
    ] = False,
) -> Answer:
    """Put the answer to a question and all that it rests on into one signed file, without secrets.

    It carries the account's movements with their hashes up to a signed checkpoint, and names what it leaves out.
    """
    question = sys.stdin.read(_SUBJECT_CHARACTERS_MAX) if subject == _STANDARD_INPUT else subject
    async with call.services() as services:
        made = await services.bundles.bundle(
            question.strip(), view=view, language=call.language, checkpoint=checkpoint,
            account_id=await account_id_of(services, account),
        )  # fmt: skip
        content = services.bundles.page(made) if html else made.to_bytes()
        public_key = services.bundles.public_key
    data: Json = {
        "subject": made.document["about"]["subject"],
        "view": view,
        "sha256": made.sha256,
        "public_key": public_key.hex(),
        "fingerprint": bundles.fingerprint(public_key),
        "movements": len(made.document["transfers"]),
    }
    if output is None:
        text = content.decode()
        # Not broken into lines: what is written has to be what was signed.
        return Answer(
            data={**data, **({"html": text} if html else {"bundle": made.document})}, lines=[text.removesuffix("\n")]
        )
    _write(output, content)
    return Answer(data={**data, "file": str(output)}, lines=_summary(made, output, public_key, call.language))


def verify(
    call: Call,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A bundle, or a page with one; -: standard input.")],
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            "--public-key",
            metavar="KEY",
            help="The issuer's key, as counterfoil evidence key shows it; repeatable, one has to fit.",
        ),
    ] = None,
) -> Answer:
    """Prove offline that a bundle is what was issued: only the file is needed, no database and no settings.

    Whatever was changed is named, by part and row. Exit status 1 where anything does not hold.
    """
    trusted = [read_public_key(one) for one in public_key or ()]
    result = verify_bundle(_read(file), trusted=trusted)
    return Answer(
        data=bundle_verdict.to_dict(result, call.language),
        lines=[*_about(result, call.language), *bundle_verdict.lines(result, call.language)],
        status=ExitStatus.DONE if result.verified else ExitStatus.NOT_DONE,
    )


async def key(call: Call) -> Answer:
    """Show the public key that this installation's bundles are verified with, to give out on a channel of its own."""
    async with call.services() as services:
        public_key = services.bundles.public_key
    data = {"public_key": public_key.hex(), "fingerprint": bundles.fingerprint(public_key)}
    words = {"bundle_public_key": data["public_key"], "bundle_fingerprint": data["fingerprint"]}
    return Answer(data=data, lines=_labelled(words, call.language))


def _summary(made: Bundle, output: Path, public_key: bytes, language: Language) -> list[str]:
    """What was written, and what another bundle could prove that this one cannot."""
    words = {
        "bundle_file": str(output),
        "bundle_question": made.document["about"]["subject"],
        "bundle_view": entry(Kind.BUNDLE_VIEW, made.view).label[language],
        "bundle_rows": f"{len(made.document['transfers']):,}",
        "bundle_digest": made.sha256,
        "bundle_fingerprint": bundles.fingerprint(public_key),
    }
    lacking = [one for one in verify_bundle(made.to_bytes()).cannot if one.proof in _WORTH_SAYING]
    return [
        *_labelled(words, language),
        *(f"{bundle_verdict.sentence_of_proof(one, language)}" for one in lacking),
    ]


def _about(result: Verification, language: Language) -> list[str]:
    """What a verified file says of itself."""
    if not result.verified or result.document is None:
        return []
    about = result.document["about"]
    account = about["account"]
    words = {
        "bundle_question": cell(about["subject"]),
        "bundle_issued_by": cell(about["issued_by"]),
        "bundle_issued_at": cell(about["issued_at"]),
        "bundle_view": entry(Kind.BUNDLE_VIEW, about["view"]).label[language],
        "bundle_account": "-" if account is None else cell(f"{account['name']} ({account['id']})"),
        "bundle_rows": f"{result.rows:,}",
    }
    return [*_labelled(words, language), ""]


def _labelled(words: dict[str, str], language: Language) -> list[str]:
    colon = "：" if language is Language.ZH else ": "
    return [f"{entry(Kind.WORD, code).label[language]}{colon}{value}" for code, value in words.items()]


def _read(name: str) -> bytes:
    """The file's bytes, and one more than a bundle can have: then it is none."""
    try:
        if name == _STANDARD_INPUT:
            return sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        with open(name, "rb") as file:
            return file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(code="bundle_file_unreadable", path=name, reason=error.strerror) from error


def _write(path: Path, content: bytes) -> None:
    """Write a new file, readable by its owner alone, and leave none that is not whole."""
    try:
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            try:
                file.write(content)
            except OSError:
                path.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Unavailable(code="bundle_file_unwritable", path=str(path), reason=error.strerror) from error


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="evidence", panel=QUESTIONS, summary="Answers that can be handed on and verified."
    )
    commands.add("bundle", bundle)
    commands.add("verify", verify)
    commands.add("key", key)
