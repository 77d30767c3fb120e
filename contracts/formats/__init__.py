"""Formats that the three parties exchange: the slip's barcode, receipt files, deposit notices. Pure."""
