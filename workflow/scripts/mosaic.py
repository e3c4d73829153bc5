"""Rule mosaic: sample images of some collections (Figure 1)."""

from art_transfer.collect.shards import readable
from art_transfer.formats import IMAGES, read_csv
from art_transfer.job import logged, settings
from art_transfer.job_settings import MosaicSettings
from art_transfer.report.mosaic import mosaic, sample
from art_transfer.report.originals import originals
from art_transfer.report.style import save, styled

with logged(snakemake.log[0]), styled():
    wanted, images = settings(snakemake, MosaicSettings), {}
    for name in wanted.collections:
        folder, shards = f"resources/{name}/images", wanted.shards[name]
        tables = [path for path in snakemake.input.tables if path.startswith(f"{folder}/")]
        ids = [i for path in tables for i in readable(read_csv(path, IMAGES))["object_id"]]
        images[wanted.titles[name]] = originals(folder, sample(ids, wanted.images), shards)
    save(mosaic(images), snakemake.output.pdf, snakemake.output.png)
