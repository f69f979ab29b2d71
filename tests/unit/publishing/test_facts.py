from __future__ import annotations

from dataclasses import fields

from prefdata.publishing import facts

__all__: list[str] = []


def test_every_field_of_the_facts_is_a_plain_value_or_named_there() -> None:
    known = {"str", "int", "bool", "float", "None", "Mapping", "tuple", "object", "Finding"}
    for name in facts.__all__:
        for field in fields(getattr(facts, name)):
            words = "".join(c if c.isalnum() else " " for c in str(field.type)).split()
            assert set(words) <= known | set(facts.__all__), (name, field.name)
