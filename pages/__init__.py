"""What people see: thin Streamlit views, one a step of the loop."""
