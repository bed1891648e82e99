-- How a signal gets to a worker. The queue's own row is only transport: it may be lost, and is made anew.

alter table signals
    add column key_id       uuid,                             -- the API key that asked; null: the command line
    add column awaited      boolean not null default false,   -- a request waits for it: say so when it is finished
    add column admitted_at  timestamptz;                      -- put into the queue, or begun in line, at

-- Admission looks for what is due, organisation by organisation, oldest first.
create index signals_due on signals (organisation_id, id) where status = 'processing' and admitted_at is null;
create index signals_in_work on signals (organisation_id) where status = 'processing' and admitted_at is not null;
