"""The demo's people: every role is there to be looked at, and nobody has a password."""

from __future__ import annotations

from api.wiring import Office
from cli.conftest import Terminal, command_services
from counterfoil.cli.demo_operator import build_operator
from counterfoil.cli.demo_people import DemoPeople, ShownPeople
from counterfoil.cli.demo_terminal import Terminal as DemoTerminal
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole


def test_every_role_is_there_and_nobody_has_a_password(terminal: Terminal) -> None:
    async def stage(office: Office) -> ShownPeople:
        services = command_services(office)
        return await DemoPeople(services, (await build_operator(services)).accounts).stage()

    shown = terminal.office(stage)
    people = terminal.ask("people", "list")["people"]
    assert len(people) == shown.count
    assert {person["role"] for person in people if person["role"]} == set(Role)
    staff = [person["staff_roles"] for person in people if person["staff_roles"]]
    assert sorted(staff) == sorted([role] for role in StaffRole)
    assert not any(person["has_password"] for person in people)
    assert {person["email"].rpartition("@")[2].rpartition(".")[2] for person in people} == {"com", "example"}
    # A company has one of each, and who calls with keys is among them.
    acme = terminal.ask("people", "list", "--account", "Acme Robotics")["people"]
    assert {person["role"] for person in acme} == set(Role)
    assert "wei.lin@acme.example" in {person["email"] for person in acme}
    for language in Language:
        lines = shown.lines(DemoTerminal(language, as_json=False), address="http://127.0.0.1:1")
        assert "    http://127.0.0.1:1/console" in lines
        assert any("/console/welcome/" in line for line in lines)
