-- What an organisation says of itself (contract section 26). display_name null: the name it was made with.
alter table organisations
    add column display_name  text,
    add column website       text not null default '',
    add column description   jsonb not null default '{}';
