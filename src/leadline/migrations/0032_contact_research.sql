-- Reports on a person before a call (contract section 15). A report is done as work; its citations keep its pages.
create table contact_research (
    id               uuid primary key,
    public_id        text not null unique,
    organisation_id  uuid not null references organisations,
    company_id       uuid not null references companies,
    asked_host       text not null,
    first_name       text not null,
    last_name        text not null,
    company_name     text not null,
    profile_url      text,
    sales_url        text,
    job_title        text,
    external_id      text,
    external_source  text,
    request_key      bytea not null,                 -- identical requests share a running report
    status           text not null default 'processing' check (status in ('processing', 'completed', 'failed')),
    created_at       timestamptz(3) not null default now(),
    completed_at     timestamptz(3),
    result           jsonb,
    error            text,
    error_code       text,
    error_action     text
);
create unique index contact_research_running on contact_research (organisation_id, request_key) where status = 'processing';
create index contact_research_external on contact_research (organisation_id, external_source, external_id, id desc)
    where external_id is not null;
