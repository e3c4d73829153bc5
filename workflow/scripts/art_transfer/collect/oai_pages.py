"""Pages of an OAI-PMH repository: asked for politely, read strictly, mended where that is safe.

The client is oaipmh-scythe's. Its own parser takes a page that was cut short for a shorter one;
here such a page is asked for again, and then is an error.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import httpx2
from lxml import etree
from oaipmh_scythe import Scythe
from oaipmh_scythe.exceptions import NoRecordsMatch
from oaipmh_scythe.models import ResumptionToken
from oaipmh_scythe.response import OAI_NAMESPACE as OAI
from oaipmh_scythe.response import OAIResponse

from art_transfer.collect.strict_xml import strict_parser
from art_transfer.collect.transport import UnansweredError
from art_transfer.collect.web import Web

_ASKED_AGAIN = 2
_ACCEPT = "text/xml, application/xml"

_PARSER = strict_parser()
_DECLARATION = re.compile(r"^\ufeff?<\?xml[^>]*?\?>")
_ENCODING = re.compile(rb"""^[^>]{0,60}encoding=["']([\w.-]+)["']""")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CODE = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")


class BrokenPageError(Exception):
    """A page that is no OAI-PMH, or not all of it."""


class Page(OAIResponse):
    """One answer of a repository, parsed once."""

    mended = False
    """Whether bytes or characters that no XML may have were replaced by U+FFFD."""

    @cached_property
    def xml(self) -> Any:
        """The root element; raises BrokenPageError where it is no OAI-PMH."""
        data = self.http_response.content
        try:
            root = _parsed(data)
        except etree.XMLSyntaxError:
            self.mended = True
            try:
                root = _parsed(_mended(data))
            except etree.XMLSyntaxError as error:
                raise BrokenPageError(
                    f"the page is cut short or broken: {error.msg}; it ends {data[-60:]!r}"
                ) from error
        if root.tag != f"{OAI}OAI-PMH":
            raise BrokenPageError(f"expected a page of OAI-PMH, found <{root.tag}>")
        for said in root.iterchildren(f"{OAI}error"):
            if not said.get("code", "").isalpha():
                said.set("code", "")  # the client would look for a class of this name
        return root

    @property
    def token(self) -> ResumptionToken:
        """Where the list goes on; without ``token`` at its end."""
        element = self.xml.find(f"{OAI}ListRecords/{OAI}resumptionToken")
        if element is None:
            return ResumptionToken()
        size = element.get("completeListSize", "")
        return ResumptionToken(
            (element.text or "").strip(),
            complete_list_size=size if re.fullmatch("[0-9]{1,12}", size) else None,
        )

    def records(self) -> Iterator[tuple[str, Any, Any]]:
        """The identifier, the header and the metadata's root of each record.

        The identifier is empty where the record has none, the root None where it has no metadata.
        """
        listed = self.xml.find(f"{OAI}ListRecords")
        if listed is None:
            raise UnansweredError(f"{self.http_response.url}: the page has no `ListRecords`")
        for record in listed.iterchildren(f"{OAI}record"):
            header, metadata = record.find(f"{OAI}header"), record.find(f"{OAI}metadata")
            identifier = "" if header is None else header.findtext(f"{OAI}identifier") or ""
            root = None if metadata is None else next(metadata.iterchildren("*"), None)
            yield identifier.strip(), header, root


class Repository(Scythe):
    """An OAI-PMH repository, asked through our ``Web``."""

    def __init__(self, address: str, web: Web, no_records_status: tuple[int, ...]) -> None:
        """``no_records_status``: by which statuses it says that no records match."""
        super().__init__(address)
        self._web = web
        self._no_records_status = no_records_status

    @property
    def client(self) -> httpx2.Client:
        """The client of our ``Web``."""
        return self._web.client

    def harvest(self, query: dict[str, str]) -> Page:
        """One page.

        Raises OAIPMHException as the repository's error says, and UnansweredError where it gives
        no usable page, however often it is asked.
        """
        for _ in range(_ASKED_AGAIN + 1):
            reason = ""
            response = self._ask(query)
            page = Page(response, query)
            try:
                page.raise_for_oaipmh_error()
            except BrokenPageError as error:
                reason = str(error)
            if response.status_code in self._no_records_status:
                raise NoRecordsMatch(f"status {response.status_code}")
            if not response.is_success:
                raise UnansweredError(f"{response.url}: status {response.status_code}")
            if not reason:
                return page
        raise UnansweredError(f"{response.url}: {reason}; {_ASKED_AGAIN + 1} times")

    def _ask(self, query: dict[str, str]) -> httpx2.Response:
        try:
            return self.client.get(self.endpoint, params=query, headers={"Accept": _ACCEPT})
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UnansweredError(f"{self.endpoint}: {error}") from error


def _parsed(data: bytes) -> Any:
    root = etree.XML(data, _PARSER)
    if root.getroottree().docinfo.internalDTD is not None:
        raise BrokenPageError("the page has a DTD or entities, which no page needs; refused")
    return root


def _mended(data: bytes) -> bytes:
    """The page in UTF-8, with U+FFFD for bytes that are no text and characters that no XML has."""
    declared = _ENCODING.match(data)
    try:
        text = data.decode(declared[1].decode() if declared else "utf-8", "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    text = _ILLEGAL.sub("\ufffd", _DECLARATION.sub("", text))
    return _CODE.sub(_legal, text).encode()


def _legal(code: re.Match[str]) -> str:
    number = int(code[1], 16) if code[1] else int(code[2])
    if number > 0x10FFFF or _ILLEGAL.match(chr(number)):
        return "\ufffd"
    return code[0]
