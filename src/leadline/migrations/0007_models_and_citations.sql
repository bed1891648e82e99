-- Paid model calls refer to whatever they are made for: signals, later summaries and judgements.
alter table model_calls drop constraint model_calls_signal_id_fkey;
alter table model_calls rename column signal_id to reference;
alter table model_calls rename constraint model_calls_signal_id_request_hash_key to model_calls_reference_request_hash_key;
create index model_calls_by_age on model_calls (created_at);

-- Which stored pages are cited, and by what: pruning asks here.
create table citations (
    reference    uuid not null,
    snapshot_id  uuid not null,
    primary key (reference, snapshot_id)
);
create index citations_of_snapshot on citations (snapshot_id);
insert into citations (reference, snapshot_id)
select distinct s.id, (source -> 'proof' ->> 'snapshot_id')::uuid
from signals s cross join jsonb_array_elements(s.sources) as source
where source -> 'proof' ->> 'snapshot_id' is not null;
