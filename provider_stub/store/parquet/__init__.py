"""Events in Parquet files, checked and condensed by DuckDB: it compares and adds, and neither divides nor rounds."""
