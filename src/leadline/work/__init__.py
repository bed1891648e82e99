"""Durable work of any kind: leased, counted, admitted fairly, done once or visibly given up."""
