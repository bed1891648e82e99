-- Organisations own everything that a caller can see; companies, pages and snapshots are shared facts
-- about the public web and carry no organisation.

create table organisations (
    id          uuid primary key,
    name        text not null unique,
    created_at  timestamptz not null default now()
);

create table companies (
    id          uuid primary key,
    host        text not null unique,   -- lower case, punycode, without www.
    name        text,
    created_at  timestamptz not null default now()
);

create table signals (
    id                 uuid primary key,
    organisation_id    uuid not null references organisations,
    company_id         uuid not null references companies,
    asked_host         text not null,
    question           text not null,
    answer_type        text not null,
    output_schema      jsonb,
    verification_mode  text not null check (verification_mode in ('strict', 'lenient')),
    max_pages          integer not null,
    force_refresh      boolean not null default false,
    reader             text not null,       -- who answers: 'extractive', or 'model:' and the model's name
    request_key        bytea not null,      -- SHA-256 of everything that makes two requests the same
    status             text not null check (status in ('processing', 'completed', 'failed')),
    attempts           integer not null default 0,
    lease_holder       uuid,
    lease_until        timestamptz,
    answer             jsonb,               -- canonical value; null = no answer
    confidence         real,
    confidence_basis   text,
    reasoning          text,
    sources            jsonb not null default '[]',
    error              text,
    error_code         text,
    error_action       text,
    charged            boolean,
    metadata           jsonb not null default '{}',
    created_at         timestamptz not null default now(),
    completed_at       timestamptz
);
-- Joining: at most one running signal per organisation and request.
create unique index signals_running on signals (organisation_id, request_key) where status = 'processing';
create index signals_cache on signals (organisation_id, request_key, completed_at desc) where status = 'completed';
create index signals_newest on signals (organisation_id, created_at desc, id desc);

-- The trace: what each step of the engine returned. A question resumes from here after its process died.
create table signal_steps (
    signal_id  uuid not null references signals on delete cascade,
    step       text not null,
    position   integer not null,
    value      jsonb not null,
    seconds    real not null,
    saved_at   timestamptz not null default now(),
    primary key (signal_id, step)
);

-- Replies that were paid for, by the hash of the request, so that a crash never pays twice.
create table model_calls (
    id             uuid primary key,
    signal_id      uuid not null references signals on delete cascade,
    request_hash   bytea not null,
    model          text not null,
    reply          jsonb not null,
    input_tokens   integer not null,
    output_tokens  integer not null,
    price          numeric(12, 6),      -- US dollars; null = price of the model unknown
    seconds        real not null,
    created_at     timestamptz not null default now(),
    unique (signal_id, request_hash)
);

-- What robots.txt, the sitemap and the entry page said when a site was last surveyed.
create table site_surveys (
    company_id  uuid primary key references companies on delete cascade,
    survey      jsonb not null,
    surveyed_at timestamptz not null
);

create table snapshots (
    id           uuid primary key,
    url          text not null,         -- where the page finally stood
    body_sha256  text not null,
    body         bytea not null,        -- zlib
    content_type text not null,
    walk         text not null,
    text_sha256  text not null,
    content      bytea not null,        -- zlib over msgpack of research.model.PageText
    fetched_at   timestamptz not null
);

create table pages (
    company_id    uuid not null references companies on delete cascade,
    url           text not null,
    final_url     text,
    snapshot_id   uuid references snapshots,      -- null: could not be read
    reason        text,                           -- why not
    detail        text,
    etag          text,
    last_modified text,
    checked_at    timestamptz,                    -- last time it was fetched or found unchanged; null: never yet
    fetching_until timestamptz,                   -- somebody is fetching it now; others wait for the result
    primary key (company_id, url)
);
create index pages_snapshot on pages (snapshot_id);
