"""Directives whose text is read from the code, so that the reference cannot say anything else than the programs do.

* ``cli-verbs``: each verb of a program with its arguments, from its argparse parsers
* ``toml-keys``: the keys of a configuration file, from the dataclasses that declare them
* ``exit-codes``, ``codes``: what each exit code, error code and finding code means
* ``cli-example``: a command line really run, with what it printed
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any, ClassVar, Final

from docutils.parsers.rst import directives
from examples import run_example
from sphinx.util.docutils import SphinxDirective
from typing_extensions import override

from edgecert.model import explanations
from edgecert.model.explanations.exitcodes import EXIT_CODES
from edgecert.model.flagnames import environment_name, flag_names
from edgecert.shared.schema import Key, KeyKind, keys_of, plain, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_SHARED_GROUP: Final = "every verb"
_FLAGS_FILE_GROUP: Final = "flags file: "
_SPECIAL: Final = re.compile(r"([\\*_<>\[\]$])")


def prose(text: str) -> str:
    """Give plain text as Markdown that shows it unchanged; what stands in backticks stays code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else _SPECIAL.sub(r"\\\1", part) for part in parts)


class FromCode(SphinxDirective):
    """A directive that writes Markdown and lets the page's own parser read it."""

    has_content = False

    def markdown(self) -> Iterator[str]:
        """Give the lines."""
        raise TypeError(type(self).__name__)

    @override
    def run(self) -> list[nodes.Node]:
        """Give the nodes of the lines."""
        return self.parse_text_to_nodes("\n".join(self.markdown()), allow_section_headings=True)


# --- command lines ---------------------------------------------------------------------------------------------------


class CliVerbs(FromCode):
    """``{cli-verbs} edgecert edgecert.cli.main``: a section for the common options and one for each verb."""

    required_arguments = 2

    @override
    def markdown(self) -> Iterator[str]:
        program, module = self.arguments
        # Any: both programs' main modules have the same table and function, and no common type.
        main: Any = importlib.import_module(module)
        parsers = {name: main.build_parser(name) for name in main.VERBS}
        shared = next((group for group in _groups(next(iter(parsers.values()))) if group.title == _SHARED_GROUP), None)
        if shared is not None:
            yield from ("## Options of every verb", "", *_arguments(shared), "")
        for heading in dict.fromkeys(verb.group for verb in main.VERBS.values()):
            yield from (f"## {heading}", "")
            for name, verb in main.VERBS.items():
                if verb.group == heading:
                    yield from _verb(f"{program} {name}", prose(verb.help), parsers[name], "###")


def _verb(title: str, text: str, parser: argparse.ArgumentParser, level: str) -> Iterator[str]:
    yield from (f"{level} {title}", "", f"{text[0].upper()}{text[1:]}.", "")
    yield from ("```text", _usage(parser), "```", "")
    for group in _groups(parser):
        if group.title != _SHARED_GROUP and not (group.title or "").startswith(_FLAGS_FILE_GROUP):
            yield from (*_arguments(group), "")
    if any((group.title or "").startswith(_FLAGS_FILE_GROUP) for group in _groups(parser)):
        yield from ("It also takes every key of the [flags file](flags-file.md) as an option.", "")
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # argparse has no public name for it
            helps = {choice.dest: choice.help for choice in action._choices_actions}  # noqa: SLF001  # the same
            for name, below in action.choices.items():
                yield from _verb(f"{title} {name}", prose(helps.get(name) or name), below, f"{level}#")


def _usage(parser: argparse.ArgumentParser) -> str:
    """Give the usage without what every verb takes, in lines that fit a page."""
    words = [f"[{', '.join(action.option_strings)}{_metavar(action)}]" for action in _own_options(parser)]
    positional = [_positional(action) for action in _actions(parser) if not action.option_strings]
    # No line breaks inside an option and its value.
    text = " ".join(word.replace(" ", "\0") for word in (parser.prog, *positional, *words))
    lines = textwrap.fill(text, 78, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return lines.replace("\0", " ")


def _own_options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for group in _groups(parser):
        if group.title == _SHARED_GROUP or (group.title or "").startswith(_FLAGS_FILE_GROUP):
            continue
        for action in group._group_actions:  # noqa: SLF001  # argparse has no public list of its actions
            if action.option_strings and action.dest != "help" and action.help != argparse.SUPPRESS:
                yield action


def _positional(action: argparse.Action) -> str:
    name = _name(action)
    return f"[{name}]" if action.nargs in ("?", "*") else name


def _groups(parser: argparse.ArgumentParser) -> list[argparse._ArgumentGroup]:
    return parser._action_groups  # noqa: SLF001  # argparse has no public list of its groups


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001  # argparse has no public list of its actions


def _arguments(group: argparse._ArgumentGroup) -> Iterator[str]:
    for action in group._group_actions:  # noqa: SLF001  # argparse has no public list of its actions
        if action.help == argparse.SUPPRESS or action.dest == "help":
            continue
        names = ", ".join(action.option_strings) or _name(action)
        text = prose((action.help or "").replace("%%", "%")) or "see below"
        yield from ("", f"`{names}{_metavar(action) if action.option_strings else ''}`", f": {text}")


def _name(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(str(choice) for choice in action.choices) if action.choices else action.dest


def _metavar(action: argparse.Action) -> str:
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return ""
    if isinstance(action.metavar, str):
        return f" {action.metavar}"
    return " " + ("|".join(str(choice) for choice in action.choices) if action.choices else action.dest.upper())


# --- files -----------------------------------------------------------------------------------------------------------


class TomlKeys(FromCode):
    """``{toml-keys} module:Class``; with ``:flags:`` also each key's option and variable."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Callable[[str], object]]] = {"flags": directives.flag}

    @override
    def markdown(self) -> Iterator[str]:
        module, _, name = self.arguments[0].partition(":")
        yield from _table(getattr(importlib.import_module(module), name), "", flags="flags" in self.options)


def _table(cls: type[object], prefix: str, *, flags: bool) -> Iterator[str]:
    keys = keys_of(cls)
    for key in keys:
        if key.kind not in (KeyKind.TABLE, KeyKind.TABLES):
            yield from _key(key, prefix, flags=flags)
    for key in keys:
        if key.kind in (KeyKind.TABLE, KeyKind.TABLES):
            path = f"{prefix}{key.name}"
            header = f"[[{path}]]" if key.kind is KeyKind.TABLES else f"[{path}]"
            yield from ("", f"## `{header}`", "", f"{_sentence(prose(key.spec.help))}", "")
            # A key inside a list of tables has no option or variable of its own.
            yield from _table(key.table_class, f"{path}.", flags=flags and key.kind is KeyKind.TABLE)


def _key(key: Key, prefix: str, *, flags: bool) -> Iterator[str]:
    path = f"{prefix}{key.name}"
    facts = [type_name(key)]
    if key.choices:
        facts.append("one of " + ", ".join(f"`{choice}`" for choice in key.choices))
    facts.append("required" if key.spec.required else f"default `{json.dumps(plain(key.default), ensure_ascii=False)}`")
    yield from ("", f"`{key.name}`", f": {_sentence(prose(key.spec.help))} *{'; '.join(facts)}*")
    if flags:
        options = [f"`--{short}`" for item, short, _ in flag_names() if item.path == path]
        yield from ("", f"  {', '.join((*options, f'`{environment_name(path)}`'))}")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


# --- codes -----------------------------------------------------------------------------------------------------------


class ExitCodes(FromCode):
    """The table of exit codes."""

    @override
    def markdown(self) -> Iterator[str]:
        yield from ("| code | name | means |", "| ---: | --- | --- |")
        yield from (f"| {int(code)} | {code.name.lower()} | {prose(text)} |" for code, text in EXIT_CODES.items())


class Codes(FromCode):
    """``{codes} plan``: each code of an area."""

    required_arguments = 1

    @override
    def markdown(self) -> Iterator[str]:
        entries = importlib.import_module(f"{explanations.__name__}.{self.arguments[0]}").ENTRIES
        for code, entry in sorted(entries.items()):
            paragraphs = [prose(paragraph) for paragraph in entry.text.split("\n\n")]
            yield from ("", f"`{code}`", f": **{prose(entry.title)}.**")
            for paragraph in (*paragraphs, f"*To mend:* {prose(entry.mend)}"):
                yield from ("", f"  {paragraph}")


# --- examples --------------------------------------------------------------------------------------------------------


class CliExample(FromCode):
    """A command line really run while the pages are built, after those before it on the same page."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Callable[[str], object]]] = {"exit": directives.nonnegative_int}

    @override
    def markdown(self) -> Iterator[str]:
        command = self.arguments[0]
        code, output = run_example(self.env.docname, command)
        if code != self.options.get("exit", 0):
            message = f"`{command}` ended with {code}:\n{output}"
            raise self.error(message)
        yield from ("```console", f"$ {command}", output.rstrip(), "```")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("cli-verbs", CliVerbs)
    app.add_directive("toml-keys", TomlKeys)
    app.add_directive("exit-codes", ExitCodes)
    app.add_directive("codes", Codes)
    app.add_directive("cli-example", CliExample)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
