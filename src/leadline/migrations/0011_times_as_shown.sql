-- The wire shows milliseconds. What is stored and compared is what is shown, so that a reader who steps through a
-- list by the times it sees loses no row.
alter table signals
    alter column created_at type timestamptz(3),
    alter column completed_at type timestamptz(3);
