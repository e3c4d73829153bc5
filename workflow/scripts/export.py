"""Rule export: a network to pass on, with its card."""

import shutil
from pathlib import Path

from art_transfer.files import atomic_path, read_json, write_text
from art_transfer.job import logged, settings
from art_transfer.predict.card import FILES, model_card
from art_transfer.report_settings import CardSettings

with logged(snakemake.log[0]):
    given, card = snakemake.input, Path(snakemake.output.card)
    folder = Path(given.run[0]).parent
    rights = {Path(path).stem: read_json(path) for path in given.rights}
    template = Path(given.template).read_text(encoding="utf-8")
    text = model_card(template, settings(snakemake, CardSettings), folder, rights)
    for name in FILES:
        with atomic_path(card.parent / name) as temporary:
            shutil.copyfile(folder / name, temporary)
    write_text(card, text)
