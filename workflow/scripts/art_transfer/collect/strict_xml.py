"""How XML from strangers is parsed."""

from lxml import etree


def strict_parser() -> etree.XMLParser:
    """A parser that takes whole, well-formed XML only and goes nowhere for it.

    Entities, document types and the network are off, and so are trees of any size.
    """
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
