-- A fault of a page that may pass is remembered shortly, and longer each time it is met again.
alter table pages
    add column failures      integer not null default 0,  -- passing faults met one after the other
    add column failing_since timestamptz,                 -- the first of them; null: the last look was none
    add column retry_at      timestamptz;                 -- the page is left alone until then

-- What a site says of itself depends on the host that is asked (www. or not), not on the company.
drop table site_surveys;
create table site_surveys (
    host        text primary key,
    survey      jsonb not null,
    surveyed_at timestamptz not null,
    failures    integer not null default 0,  -- surveys one after the other with notes of passing faults
    retry_at    timestamptz                  -- it is made anew from then on; null: when it is no longer fresh
);
