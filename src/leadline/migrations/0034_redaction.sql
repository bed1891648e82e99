-- Stored pages in which the name of somebody who was erased was overwritten; their hashes stay those of what was fetched.
alter table snapshots add column redacted_at timestamptz(3);

-- Of names that were erased from a site, only enough to know them when the site is read anew.
create table redacted_names (
    host         text not null,
    name_hash    bytea not null,
    redacted_at  timestamptz(3) not null default now(),
    primary key (host, name_hash)
);
