"""`sansha notice`: deposit notices of the ward's bank, in 全銀 (Zengin) format."""
