"""Notes: sealed for one browser, and readable nowhere else."""

from __future__ import annotations

from scopewright.catalogues import INTERNAL, read_shipped
from scopewright.console.notes import Note, Notes

NOTE = Note("The client is registered.", "scopewright clients create a", "sws_secret", "Secret")


def test_a_note_comes_back_in_the_browser_that_it_is_for() -> None:
    notes = Notes(b"k" * 32)
    assert notes.opened(notes.sealed(NOTE, browser="one"), browser="one") == NOTE


def test_nothing_of_it_can_be_read_or_taken_elsewhere() -> None:
    notes = Notes(b"k" * 32)
    sealed = notes.sealed(NOTE, browser="one")
    assert "secret" not in sealed
    assert notes.sealed(NOTE, browser="one") != sealed
    assert notes.opened(sealed, browser="another") is None
    assert Notes(b"j" * 32).opened(sealed, browser="one") is None


def test_a_command_that_names_every_scope_there_is_fits_a_cookie() -> None:
    notes, scopes = Notes(b"k" * 32), read_shipped(internal_prefix="iotman")[INTERNAL].scopes
    options = " ".join(f"--internal-scope {name}" for name in sorted(one.name for one in scopes))
    note = Note("Invited.", f"scopewright end-users invite ann@example.com {options}")
    sealed = notes.sealed(note, browser="one")
    assert len(sealed) < 4096 - 100  # with its name and attributes
    assert notes.opened(sealed, browser="one") == note


def test_beside_a_secret_the_length_tells_nothing() -> None:
    notes = Notes(b"k" * 32)
    alike, unlike = (Note(said, None, "sws_secret") for said in ("sws_secret", "abcdefghij"))
    assert len(notes.sealed(alike, browser="one")) == len(notes.sealed(unlike, browser="one"))


def test_what_is_no_note_is_none() -> None:
    notes = Notes(b"k" * 32)
    sealed = notes.sealed(NOTE, browser="one")
    for broken in (None, "", "x", "ä", sealed[:-4], sealed[:20] + "A" + sealed[21:], "A" * 5000):
        assert notes.opened(broken, browser="one") is None
