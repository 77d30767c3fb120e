"""Formats that pass between the three parties: the slip's barcode, receipt files, deposit notices. Pure."""
