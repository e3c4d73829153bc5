"""Rule mosaic: sample images of some collections (Figure 1)."""

from art_transfer.collect.shards import readable
from art_transfer.formats import IMAGES, OBJECTS, columns, read_csv, read_parquet
from art_transfer.job import logged, settings
from art_transfer.report.mosaic import Picture, caption, mosaic
from art_transfer.report.originals import originals, sample
from art_transfer.report.style import save, styled
from art_transfer.report_settings import MosaicSettings

with logged(snakemake.log[0]), styled():
    wanted, pictures = settings(snakemake, MosaicSettings), []
    for name, objects in zip(wanted.collections, snakemake.input.objects, strict=True):
        folder, shards = f"resources/{name}/images", wanted.shards[name]
        tables = [path for path in snakemake.input.tables if path.startswith(f"{folder}/")]
        ids = [i for path in tables for i in readable(read_csv(path, IMAGES))["object_id"]]
        chosen = sample(ids, wanted.images)
        known = columns(OBJECTS, "object_id", "title", "creators", "date")
        said = read_parquet(objects, known).set_index("object_id").loc[chosen]
        captions = [caption(*row) for row in said.itertuples(index=False)]
        images = originals(folder, chosen, shards)
        pictures.append((wanted.titles[name], list(map(Picture, images, captions))))
    save(mosaic(pictures), snakemake.output.pdf, snakemake.output.png)
