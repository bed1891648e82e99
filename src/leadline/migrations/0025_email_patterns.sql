-- Patterns of a domain's addresses of which its mail server has accepted one. They hold no name, so all organisations
-- share them (contract section 27).
create table email_patterns (
    domain       text not null,
    pattern      text not null,
    verified     integer not null default 1,
    verified_at  timestamptz(3) not null default now(),
    primary key (domain, pattern)
);
