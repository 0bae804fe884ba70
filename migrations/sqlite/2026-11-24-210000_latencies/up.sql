-- How long requests took, by how many ended within each bound and not within the one before; and how many went on to another model.
-- A version that does not know them leaves them at 0.
ALTER TABLE statistics ADD COLUMN failed_over INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_100ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_250ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_500ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_1000ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_2000ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_4000ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_8000ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_16000ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_32000ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE statistics ADD COLUMN within_64000ms INTEGER NOT NULL DEFAULT 0;
