"""The project's DuckDB file: the only place that imports duckdb and the only place with SQL."""
