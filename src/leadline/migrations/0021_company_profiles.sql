-- What everybody asks of a company, as its own pages tell it. A host's pages are a public fact: no organisation.
create table company_profiles (
    company_id  uuid primary key references companies,
    pages       jsonb not null,                  -- by address: the snapshot that was read and what was found on it
    profile     jsonb not null,                  -- the fields, settled out of all pages
    updated_at  timestamptz(3) not null default now()
);

-- The company record as it was known when the answer came.
alter table signals add column company jsonb;
