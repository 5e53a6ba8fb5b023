/**
 * Tables of the registry.
 *
 * @since 0.1.0
 */
import type { DatabaseSchema } from "./Migrations.js"

const pipelines = [
  "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE pipelines (name TEXT NOT NULL PRIMARY KEY, last_version INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  `CREATE TABLE snapshots (
    id TEXT NOT NULL PRIMARY KEY,
    pipeline_name TEXT NOT NULL REFERENCES pipelines (name),
    version INTEGER NOT NULL,
    content_digest TEXT NOT NULL UNIQUE,
    spec TEXT NOT NULL,
    settings TEXT NOT NULL,
    bundle TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (pipeline_name, version)
  ) STRICT`,
  `CREATE TABLE builds (
    id TEXT NOT NULL PRIMARY KEY,
    snapshot_id TEXT NOT NULL,
    checksum TEXT NOT NULL,
    image TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (snapshot_id, checksum)
  ) STRICT`
]

const deployments = [
  `CREATE TABLE deployments (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    url TEXT,
    generation INTEGER NOT NULL,
    flavor TEXT NOT NULL,
    deployer TEXT NOT NULL,
    snapshot_id TEXT NOT NULL REFERENCES snapshots (id),
    metadata TEXT NOT NULL,
    settings TEXT NOT NULL,
    auth_digest TEXT,
    auth_sealed TEXT,
    desired TEXT NOT NULL,
    reason TEXT,
    unknown_since INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((auth_digest IS NULL) = (auth_sealed IS NULL))
  ) STRICT`,
  "CREATE INDEX deployments_by_snapshot ON deployments (snapshot_id)",
  `CREATE TABLE revisions (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    snapshot_id TEXT NOT NULL REFERENCES snapshots (id),
    settings TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    PRIMARY KEY (deployment_id, generation)
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX revisions_by_snapshot ON revisions (snapshot_id)"
]

const operations = [
  `CREATE TABLE operations (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    generation INTEGER NOT NULL,
    holder TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    closed_at INTEGER,
    outcome TEXT,
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
  ) STRICT`,
  "CREATE UNIQUE INDEX operations_open ON operations (deployment_id) WHERE closed_at IS NULL",
  "CREATE INDEX operations_by_deployment ON operations (deployment_id)",
  `CREATE TABLE leases (
    token INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment_id TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT`
]

const records = [
  `CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment_id TEXT NOT NULL,
    deployment_name TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL
  ) STRICT`,
  "CREATE INDEX events_by_deployment ON events (deployment_id, sequence)",
  `CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`
]

/** What reconciling needs to know: who made a revision, since when a status holds, and what was deleted on purpose. */
const memory = [
  "ALTER TABLE revisions ADD COLUMN made_by TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE deployments ADD COLUMN status_since INTEGER NOT NULL DEFAULT 0",
  "UPDATE deployments SET status_since = updated_at",
  `CREATE TABLE tombstones (
    deployment_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    flavor TEXT NOT NULL,
    deployer TEXT NOT NULL,
    generation INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`
]

/**
 * Tables of the registry, for {@link Sqlite.layer}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const schema: DatabaseSchema = {
  store: "registry",
  applicationId: 0x45664447,
  migrations: [[...pipelines, ...deployments, ...operations, ...records], memory]
}
