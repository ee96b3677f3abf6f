"""Writers: the data set as parquet with zstd, or as JSON lines."""
