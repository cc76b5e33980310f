"""The project's definitions with fakes for the models, as a code server loads them: quick, and all else is real."""

from tests.fakes import fake_suite
from ticket_assets.definitions import build_definitions

defs = build_definitions({"models": fake_suite()})
