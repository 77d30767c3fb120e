"""A running stack: where its processes are, how they are started and asked, its clock."""
