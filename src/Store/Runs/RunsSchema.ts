/** Tables of a run store. */
import type { DatabaseSchema } from "../Database/Migrations.js"

/**
 * The number of steps of a run that have a number: step `p` of run `n` is `n * stepsPerRun + p`. Further ones are not kept.
 *
 * @category constants
 * @since 0.1.0
 */
export const stepsPerRun = 1_048_576

const tables = [
  `CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    idx INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'interrupted')),
    cause TEXT,
    parameters TEXT,
    outputs TEXT,
    error TEXT,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    execution_millis REAL
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX runs_by_status ON runs (status, id)",
  `CREATE TABLE step_runs (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'interrupted')),
    attempts INTEGER NOT NULL,
    outputs TEXT,
    error TEXT,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    execution_millis REAL,
    PRIMARY KEY (run_id, position)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE run_events (
    run_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    data TEXT,
    PRIMARY KEY (run_id, sequence)
  ) STRICT, WITHOUT ROWID`,
  "CREATE TABLE totals (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  `INSERT INTO totals (name, value) VALUES
    ('lastIndex', 0), ('queued', 0), ('running', 0), ('succeeded', 0), ('failed', 0), ('interrupted', 0)`
]

const keepTotals = [
  `CREATE TRIGGER runs_inserted AFTER INSERT ON runs BEGIN
    UPDATE totals SET value = value + 1 WHERE name = NEW.status;
    UPDATE totals SET value = NEW.idx WHERE name = 'lastIndex' AND value < NEW.idx;
  END`,
  `CREATE TRIGGER runs_moved AFTER UPDATE OF status ON runs WHEN NEW.status <> OLD.status BEGIN
    UPDATE totals SET value = value - 1 WHERE name = OLD.status;
    UPDATE totals SET value = value + 1 WHERE name = NEW.status;
  END`
]

/** While a deployment is replaced two processes write: the generation of a run, and the last sign of each generation. */
const owners = [
  "ALTER TABLE runs ADD COLUMN generation INTEGER NOT NULL DEFAULT 0",
  "CREATE TABLE seen (generation INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL) STRICT"
]

/**
 * A writer of many runs adds them to the totals once, and marks them; the trigger counts for other writers, such as
 * a process of an earlier version that still writes while this one replaces it.
 */
const countedByWriter = [
  "ALTER TABLE runs ADD COLUMN counted INTEGER NOT NULL DEFAULT 0",
  "DROP TRIGGER runs_inserted",
  `CREATE TRIGGER runs_inserted AFTER INSERT ON runs WHEN NEW.counted = 0 BEGIN
    UPDATE totals SET value = value + 1 WHERE name = NEW.status;
    UPDATE totals SET value = NEW.idx WHERE name = 'lastIndex' AND value < NEW.idx;
  END`
]

/** The positions of a step's start and end among the events of its run, so that they can be replayed in order. */
const sequences = [
  "ALTER TABLE step_runs ADD COLUMN started_sequence INTEGER",
  "ALTER TABLE step_runs ADD COLUMN finished_sequence INTEGER"
]

/** Keys that callers chose, each with its run and, once there is one, the answer. */
const claims = [
  `CREATE TABLE claims (
    key TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    run_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER,
    body TEXT
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX claims_by_time ON claims (at)"
]

/**
 * Tables whose rows are stored in the order they come, for the writes of each run: a row goes to the end of its table
 * instead of into a tree that is sorted by a long key, which takes a sixth less of time and an eighth less of the log.
 * A step's number holds its run and its position ({@link stepsPerRun}). There are no foreign keys and no
 * trigger for new runs: one function writes them, and it looks.
 */
const numbered = [
  `CREATE TABLE numbered_runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    idx INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'interrupted')),
    cause TEXT,
    parameters TEXT,
    outputs TEXT,
    error TEXT,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    execution_millis REAL,
    generation INTEGER NOT NULL
  ) STRICT`,
  `INSERT INTO numbered_runs (id, idx, name, status, cause, parameters, outputs, error, started_at, finished_at,
    execution_millis, generation)
  SELECT id, idx, name, status, cause, parameters, outputs, error, started_at, finished_at, execution_millis, generation
  FROM runs ORDER BY id`,
  `CREATE TABLE numbered_step_runs (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'interrupted')),
    attempts INTEGER NOT NULL,
    outputs TEXT,
    error TEXT,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    execution_millis REAL,
    started_sequence INTEGER,
    finished_sequence INTEGER
  ) STRICT`,
  `INSERT INTO numbered_step_runs
  SELECT numbered_runs.number * ${stepsPerRun} + position, step_runs.name, step_runs.status, attempts, step_runs.outputs,
    step_runs.error, step_runs.started_at, step_runs.finished_at, step_runs.execution_millis, started_sequence,
    finished_sequence
  FROM step_runs JOIN numbered_runs ON numbered_runs.id = run_id WHERE position < ${stepsPerRun} ORDER BY 1`,
  "DROP TABLE step_runs",
  "DROP TABLE runs",
  "ALTER TABLE numbered_runs RENAME TO runs",
  "ALTER TABLE numbered_step_runs RENAME TO step_runs",
  "CREATE INDEX runs_by_status ON runs (status, id)",
  `CREATE TRIGGER runs_moved AFTER UPDATE OF status ON runs WHEN NEW.status <> OLD.status BEGIN
    UPDATE totals SET value = value - 1 WHERE name = OLD.status;
    UPDATE totals SET value = value + 1 WHERE name = NEW.status;
  END`
]

/** Runs that were cancelled by a process that could not reach theirs. */
const cancellations = ["CREATE TABLE cancellations (run_id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID"]

/**
 * The states of sessions, and the session of each run. Versions are numbers of one sequence, so a state that was removed and
 * made again never has a version that it had before.
 */
const sessions = [
  `CREATE TABLE session_states (
    session_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (session_id, name)
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX session_states_by_end ON session_states (expires_at) WHERE expires_at IS NOT NULL",
  "CREATE TABLE session_versions (last INTEGER NOT NULL) STRICT",
  "INSERT INTO session_versions (last) VALUES (0)",
  "ALTER TABLE runs ADD COLUMN session TEXT",
  "CREATE INDEX runs_by_session ON runs (session, id) WHERE session IS NOT NULL"
]

/** Lines that runs logged. A run that logs nothing has none. */
const logs = [
  `CREATE TABLE run_logs (
    run_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run_id, sequence)
  ) STRICT, WITHOUT ROWID`
]

/**
 * Outputs of steps that are in the store of artifacts, and the contents there that a run may not refer to: new ones, and those
 * of runs that were removed.
 */
const artifacts = [
  `CREATE TABLE run_artifacts (
    run_id TEXT NOT NULL,
    step TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (run_id, step)
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX run_artifacts_by_digest ON run_artifacts (digest)",
  "CREATE TABLE unsettled_artifacts (digest TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE INDEX unsettled_artifacts_by_time ON unsettled_artifacts (at)"
]

/** Schedules, and their firings: the row of a firing is the right of one process to start its run. */
const schedules = [
  `CREATE TABLE schedules (
    name TEXT NOT NULL PRIMARY KEY,
    cron TEXT NOT NULL,
    is_paused INTEGER NOT NULL,
    next_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE schedule_firings (
    name TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('claimed', 'started', 'skipped')),
    run_id TEXT,
    claimed_at INTEGER NOT NULL,
    PRIMARY KEY (name, due_at)
  ) STRICT, WITHOUT ROWID`
]

/**
 * Runs that another process may go on with: the lease of each, with the token that fences the writes of the process before,
 * the journal of its operations, and the signals that were sent to runs.
 */
const durable = [
  `CREATE TABLE leases (
    run_id TEXT NOT NULL PRIMARY KEY,
    token INTEGER NOT NULL,
    recoveries INTEGER NOT NULL,
    request TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE journal (
    run_id TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    sequential INTEGER NOT NULL,
    digest TEXT NOT NULL,
    result TEXT,
    failures INTEGER NOT NULL,
    position INTEGER,
    value TEXT,
    PRIMARY KEY (run_id, ordinal)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE signals (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL
  ) STRICT`,
  "CREATE INDEX signals_by_run ON signals (run_id, name, sequence)"
]

/** Outputs of cached steps, and the calls that used one again. */
const stepCache = [
  `CREATE TABLE step_cache (
    cache_key TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL,
    step TEXT NOT NULL,
    output TEXT NOT NULL,
    expires_at INTEGER
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX step_cache_by_run ON step_cache (run_id)",
  `CREATE TABLE step_hits (
    run_id TEXT NOT NULL,
    step TEXT NOT NULL,
    from_run TEXT NOT NULL,
    from_step TEXT NOT NULL,
    PRIMARY KEY (run_id, step)
  ) STRICT, WITHOUT ROWID`
]

/** Digests of the inputs of steps, of services that keep artifacts. */
const stepInputs = [
  `CREATE TABLE step_inputs (
    run_id TEXT NOT NULL,
    step TEXT NOT NULL,
    input_digest TEXT NOT NULL,
    PRIMARY KEY (run_id, step)
  ) STRICT, WITHOUT ROWID`
]

/**
 * The status and headers that a pipeline gave its response, as JSON; those headers in the answer to a key; and the kind of an
 * event that a pipeline made, none for a message.
 */
const responses = [
  "ALTER TABLE runs ADD COLUMN response TEXT",
  "ALTER TABLE claims ADD COLUMN headers TEXT",
  "ALTER TABLE run_events ADD COLUMN kind TEXT"
]

/**
 * Deliveries of webhooks, each written with its run: the attempts so far, and the time of the next one, which a claim moves. A
 * delivery is due at 0 until its first attempt.
 */
const webhooks = [
  `CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL,
    webhook TEXT NOT NULL,
    url TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL,
    token INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    status INTEGER,
    reason TEXT,
    attempted_at INTEGER
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (due_at) WHERE state = 'pending'",
  "CREATE INDEX webhook_deliveries_by_run ON webhook_deliveries (run_id)"
]

/** The deliveries of one webhook that wait, without a walk over those of others. */
const webhookTargets = [
  "DROP INDEX webhook_deliveries_by_time",
  `CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook, due_at, url) WHERE state = 'pending'`
]

/**
 * Tables of a run store, for {@link Sqlite.layer}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const schema: DatabaseSchema = {
  store: "runs",
  applicationId: 0x45664452,
  migrations: [
    [...tables, ...keepTotals],
    owners,
    countedByWriter,
    sequences,
    claims,
    cancellations,
    numbered,
    sessions,
    logs,
    artifacts,
    schedules,
    durable,
    stepCache,
    stepInputs,
    responses,
    webhooks,
    webhookTargets
  ]
}
