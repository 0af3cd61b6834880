"""`counterfoil publish`: the public handbook as a folder of files, byte for byte what `serve` answers with."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.command import PUBLISH, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.foundation.errors import InputError
from counterfoil.knowledge import publishing
from counterfoil.knowledge.catalogue import Catalogue, load_catalogue
from counterfoil.knowledge.published_folder import write_folder


async def publish(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the files; made where it does not exist.")],
    public_url: Annotated[
        str | None,
        typer.Option("--public-url", metavar="URL", help="Address that canonical links, feeds and the sitemap name."),
    ] = None,
    articles: Annotated[
        Path | None,
        typer.Option(
            "--articles", metavar="PATH", help="Folder with zh/ and en/ instead of the articles of the package."
        ),
    ] = None,
    packaged: Annotated[
        bool, typer.Option("--packaged", help="The package's articles alone; needs no database.")
    ] = False,
) -> Answer:
    """Write the handbook as a static copy: pages, Markdown twins, feeds, sitemap, search index, llms.txt.

    It is what the installation serves, with the revisions that its editors have published.

    Can be run again at any time: files that have not changed stay, those of ours that are no more go, and nothing that was
    not written by it is replaced or deleted. Any web server that finds PAGE.html for /PAGE can serve it.
    """
    address = public_url or call.settings.public_url
    if not address:
        raise InputError(code="publish_without_address")
    # How long a database takes to come up is not how long the pages take.
    async with _handbook(call, articles, packaged=packaged) as read:
        began = time.perf_counter()
        catalogue = await read()
    publishing.require_sound(catalogue)
    files = publishing.pages(catalogue, call.launchers.publishing_context(call.settings, address))
    done = write_folder(folder, files)
    seconds = time.perf_counter() - began
    pages = sum(path.endswith(".html") for path in files)
    size = sum(len(body) for body in files.values())
    return Answer(
        data={
            "folder": str(folder), "public_url": address, "pages": pages, "files": len(files), "bytes": size,
            "written": done.written, "unchanged": done.unchanged, "removed": done.removed, "seconds": round(seconds, 3),
        },
        lines=[
            f"{pages} pages, {len(files)} files, {size:,} bytes in {seconds:.1f} s",
            f"{folder}: {done.written} written, {done.unchanged} unchanged, {done.removed} removed",
        ],
    )  # fmt: skip


def _handbook(
    call: Call, articles: Path | None, *, packaged: bool
) -> AbstractAsyncContextManager[Callable[[], Awaitable[Catalogue]]]:
    """What reads the handbook that is to be published."""
    if articles is None and not packaged:
        return call.launchers.open_handbook(call.settings)

    async def read() -> Catalogue:
        return load_catalogue(call.launchers.handbook_ports(call.settings), folder=articles)

    return nullcontext(read)


def register(application: typer.Typer, launchers: Launchers) -> None:
    Commands(application=application, launchers=launchers).add("publish", publish, panel=PUBLISH)
