"""Pure stages: Polars frames in, frozen results out; no Streamlit, no DuckDB, no clock, no global state."""
