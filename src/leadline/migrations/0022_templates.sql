-- Questions that are kept (contract section 11). Each change is a new version under the same id; a signal keeps the version
-- it was asked by.
create table signal_templates (
    id                      uuid not null,
    version                 integer not null check (version > 0),
    organisation_id         uuid not null,
    newest                  boolean not null default true,
    name                    text not null,
    description             text,
    question                text not null,
    answer_type             text not null,
    output_schema           jsonb,
    weight                  text not null,
    qualification_criteria  jsonb,
    created_by              text not null,
    created_at              timestamptz(3) not null default now(),
    deleted_at              timestamptz(3),
    primary key (id, version)
);
create unique index signal_templates_newest on signal_templates (organisation_id, id) where newest;

alter table signals add column template_id uuid, add column template_version integer;
