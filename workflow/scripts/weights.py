"""Rule weights: fetch one file of pretrained weights."""

from art_transfer.collect.weights import fetch_weights
from art_transfer.job import logged, settings
from art_transfer.job_settings import WeightsSettings

with logged(snakemake.log[0]):
    file = settings(snakemake, WeightsSettings)
    fetch_weights(file.address, file.hash, snakemake.output[0])
