"""Where each asset's code is: a link in the Dagster UI, to the file here or, where it is told of, to the repository."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

ANCHOR = "ticket_assets/assets/code_links.py"


def with_code_links(
    assets: Sequence[dg.AssetsDefinition], source_url: str | None, revision: str
) -> Sequence[dg.AssetsDefinition]:
    """The assets with links: to GitHub or GitLab where `source_url` is a repository there, else to files here."""
    with warnings.catch_warnings():  # both functions are beta in the Dagster that is pinned
        warnings.simplefilter("ignore", dg.BetaWarning)
        linked = dg.with_source_code_references(assets)
        if source_url:
            mapping = dg.AnchorBasedFilePathMapping(Path(__file__), file_anchor_path_in_repository=ANCHOR)
            linked = dg.link_code_references_to_git(linked, source_url.rstrip("/"), revision, mapping)
    return linked  # pyright: ignore[reportReturnType] - of assets alone they make assets alone
