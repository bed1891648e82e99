-- Whether the answer to a request with an Idempotency-Key is still to come.
alter table idempotency_keys add column pending boolean not null default false;
