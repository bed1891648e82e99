-- What hosts say in robots.txt, for all processes: it is asked for once a day.
create table robots_files (
    origin  text primary key,      -- scheme://host[:port]
    said    text not null,         -- to us, as the parser takes it
    reason  text,                  -- why it could not be had; null: it was
    detail  text,
    read_at timestamptz not null
);

-- Who reads what of a site just now. After a crash nobody does.
create unlogged table site_claims (
    what          text primary key,  -- survey:HOST, robots:ORIGIN
    claimed_until timestamptz not null
);
