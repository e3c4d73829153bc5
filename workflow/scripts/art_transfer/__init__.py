"""The library of the study: plain functions, without Snakemake and without globals.

A folder per arrow of the data flow (collect, prepare, train, report, archive); a folder may
import from those before it and from the files here, never from those after it.
"""
