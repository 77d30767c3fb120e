"""Formats that pass between the three parties: the slip's barcode and, beside it, file layouts. Pure."""
