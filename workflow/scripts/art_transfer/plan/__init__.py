"""What would run again, why, and what it costs: an explanation of Snakemake's own plan."""
