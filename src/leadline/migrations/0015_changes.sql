-- Signals that a subscription asks again and again, and what changed between two of them.
alter table signals
    add column subscription_id  uuid,
    add column run_id           uuid,                      -- which run of the subscription
    add column change           jsonb,                     -- the judgement; null: not of a subscription, or no first look
    add column baseline         boolean not null default false;  -- later answers are compared with this one
create index signals_of_subscription on signals (subscription_id, created_at desc, id desc)
    where subscription_id is not null;
create unique index signals_baseline on signals (subscription_id, company_id) where baseline;
create index signals_of_run on signals (run_id) where run_id is not null and status = 'processing';
