-- Saved filters over the companies that are known (contract section 21); their members are looked up when they are read.
create table company_lists (
    id               uuid primary key,
    organisation_id  uuid not null,
    name             text not null,
    filter           jsonb not null,
    created_at       timestamptz(3) not null default now(),
    updated_at       timestamptz(3) not null default now(),
    deleted_at       timestamptz(3)
);
create index company_lists_newest on company_lists (organisation_id, id desc) where deleted_at is null;
create index signals_of_template on signals (organisation_id, template_id, company_id, completed_at desc)
    where template_id is not null and status = 'completed';
