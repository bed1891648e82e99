-- curve null: taken back. The row stays: what was answered by the curve is not served from the cache after that.
alter table confidence_curves alter column curve drop not null;
