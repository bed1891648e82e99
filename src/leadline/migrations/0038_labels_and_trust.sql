-- What users say of answers. confidence: the one that the reader stated, before any curve; null where none was given.
create table labels (
    signal_id        uuid primary key references signals on delete cascade,
    organisation_id  uuid not null references organisations,
    verdict          text not null check (verdict in ('right', 'wrong')),
    expected         jsonb,
    note             text,
    reader           text not null,
    confidence       double precision,
    labelled_at      timestamptz not null default now()
);
create index labels_newest on labels (organisation_id, labelled_at desc, signal_id desc);

-- What an organisation's labels make of a reader's confidence.
create table confidence_curves (
    organisation_id  uuid not null references organisations,
    reader           text not null,
    curve            jsonb not null,
    fitted_at        timestamptz not null default now(),
    primary key (organisation_id, reader)
);

-- The least confidence with which an answer is given; template_id null: of all that has no other. least null: taken back.
create table confidence_thresholds (
    organisation_id  uuid not null references organisations,
    template_id      uuid,
    least            double precision check (least > 0 and least <= 1),
    set_at           timestamptz not null default now(),
    unique nulls not distinct (organisation_id, template_id)
);

-- An answer that was found and is not given: {answer, confidence, threshold}. "answer" is null then.
alter table signals add column held_back jsonb;
