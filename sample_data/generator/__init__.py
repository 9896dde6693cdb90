"""How the sample data is made: an invented help desk's data set, its planted faults and their answer key."""
