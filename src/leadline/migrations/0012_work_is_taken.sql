-- Workers lease what is due straight from the table; there is no queue beside it any more.
drop index work_items_due, work_items_in_work;
alter table work_items drop column admitted_at;

-- What may be begun: kind by kind, organisation by organisation and lane by lane, oldest first. An item that two
-- processes died on is looked for apart.
create index work_items_due on work_items (kind, organisation_id, lane, id)
    where lease_holder is null and not_before is null and attempts < 2;
create index work_items_suspect on work_items (kind, attempts, id)
    where lease_holder is null and not_before is null and attempts >= 2;
create index work_items_leased on work_items (kind) where lease_holder is not null;

drop table if exists pgqueuer, pgqueuer_log, pgqueuer_schedules, pgqueuer_statistics;
drop function if exists fn_pgqueuer_changed;
drop type if exists pgqueuer_status, pgqueuer_statistics_status;
drop table queue_schema;
