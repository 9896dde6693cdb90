"""Production: what came of variants that real users met."""
