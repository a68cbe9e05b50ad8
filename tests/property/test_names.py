from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgecert.shared.names import MAX_DOMAIN, MAX_LABEL, DnsName, NameProblem, normalise_domain, parse_name, to_unicode

LABEL = st.from_regex(r"\A[a-z0-9]([a-z0-9]{0,20}[a-z0-9])?\Z")
DOMAIN = st.builds(
    lambda labels, top: ".".join([*labels, top]), st.lists(LABEL, max_size=4), st.from_regex(r"\A[a-z]{2,9}\Z")
)
NEAR_NAMES = st.text(alphabet=st.sampled_from("abcXYZ019.-_*:/@[]% üß。☃\u00ad\u200d\0"), max_size=80)


@given(DOMAIN)
def test_case_and_trailing_dot_never_matter(domain: str) -> None:
    assert normalise_domain(domain) == domain
    assert normalise_domain(domain.upper() + ".") == domain


@given(st.one_of(st.text(max_size=300), NEAR_NAMES))
def test_a_text_is_a_well_formed_domain_or_a_problem(text: str) -> None:
    try:
        domain = normalise_domain(text)
    except NameProblem:
        return
    assert normalise_domain(domain) == domain
    assert normalise_domain(to_unicode(domain)) == domain
    assert 1 <= len(domain) <= MAX_DOMAIN
    for label in domain.split("."):
        assert 1 <= len(label) <= MAX_LABEL
        assert label.isascii()
        assert label == label.lower()
        assert set(label) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.one_of(st.text(max_size=300), NEAR_NAMES))
def test_parsing_is_stable(text: str) -> None:
    try:
        name = parse_name(text)
    except NameProblem:
        return
    assert parse_name(name.text) == name


@given(DOMAIN)
def test_a_wildcard_is_allowed_in_front_only(domain: str) -> None:
    name = parse_name("*." + domain)
    assert isinstance(name, DnsName)
    assert name.is_wildcard
    assert name.domain == domain
