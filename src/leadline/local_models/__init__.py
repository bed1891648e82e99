"""Language models on this machine: which servers run, which files can be had, and fetching one."""
