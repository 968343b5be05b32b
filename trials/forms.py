"""The forms of an HTML page with the fields that a browser would send back unchanged."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

BUTTONS = ("submit", "button", "image", "reset")
TOKEN = "csrfmiddlewaretoken"


@dataclass
class Form:
    """`marks` is the text of its attributes, buttons and unsent fields, by which it can be told from others."""

    marks: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def posts(self) -> bool:
        return "method=post" in self.marks.lower() or any(name == TOKEN for name, _ in self.fields)

    def has(self, mark: str) -> bool:
        return any(name == mark for name, _ in self.fields) or mark in self.marks or mark in self.action


@dataclass
class Select:
    name: str
    multiple: bool
    chosen: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    def sent(self) -> list[str]:
        return self.chosen or ([] if self.multiple else self.options[:1])


class Forms(HTMLParser):
    """Reads a page; `forms` in their order, `csrf` the first token found anywhere in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.csrf: str | None = None
        self._form: Form | None = None
        self._select: Select | None = None
        self._area: str | None = None
        self._text = ""
        self.feed(text)

    def pick(self, marks: list[str]) -> Form | None:
        """The form that has all `marks`; one that posts first."""
        found = [form for form in self.forms if all(form.has(mark) for mark in marks)]
        return next((form for form in found if form.posts), found[0] if found else None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag == "form":
            self._form = Form(" ".join(f"{key}={value}" for key, value in given.items()), given.get("action") or "")
            self.forms.append(self._form)
        elif tag == "input" and name:
            self._input(name, given)
        elif tag == "button" and name and self._form:
            self._form.marks += f" {name}={given.get('value')}"
        elif tag == "textarea" and name:
            self._area, self._text = name, ""
        elif tag == "select" and name:
            self._select = Select(name, "multiple" in given)
        elif tag == "option" and self._select:
            value = given.get("value") or ""
            self._select.options.append(value)
            self._select.chosen += [value] if "selected" in given else []

    def _input(self, name: str, given: dict[str, str | None]) -> None:
        kind, form = (given.get("type") or "text").lower(), self._form
        if name == TOKEN:
            self.csrf = self.csrf or given.get("value")
        if form is None:
            return
        if kind in BUTTONS:
            form.marks += f" {name}={given.get('value')}"
        elif kind == "file" or "disabled" in given or (kind in ("checkbox", "radio") and "checked" not in given):
            form.marks += f" {name}"
        else:
            form.fields.append((name, given.get("value") or ("on" if kind == "checkbox" else "")))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._area:
            if self._form:
                self._form.fields.append((self._area, self._text.removeprefix("\n")))
            self._area = None
        elif tag == "select" and self._select:
            if self._form:
                self._form.fields += [(self._select.name, value) for value in self._select.sent()]
            self._select = None
