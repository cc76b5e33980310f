"""The `tickets` program: commands that must answer within a second load only what they need, all others everything."""

import sys

QUICK = {"search", "similar"}


def main() -> None:
    """Run the command that the arguments name."""
    if len(sys.argv) > 1 and sys.argv[1] in QUICK:
        import typer

        from tickets_cli import search

        app = typer.Typer(rich_markup_mode="rich")
        app.command()(search.search)
        app.command()(search.similar)
    else:
        from tickets_cli.main import app
    app(prog_name="tickets")


if __name__ == "__main__":
    main()
