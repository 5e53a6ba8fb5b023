/**
 * Tables of run stores in a PostgreSQL database, which many deployments share: each row has the number of its deployment.
 * Names have a prefix, because the database may have other tables.
 */
import { type DatabaseSchema, tableOf } from "../Database/Migrations.js"
import * as RunsSchema from "./RunsSchema.js"

/** The beginning of the names of tables and functions. */
export const prefix = "effect_deployers_"

/** The SQLSTATE of a batch with the lease of a run that another process has taken. */
export const fencedState = "EDF01"

/** The table of the deployments, by which the others refer to them. */
export const deployments = `${prefix}run_stores`

/** Texts that are compared byte by byte: ids sort by their time so, in a database of any language. */
const key = 'TEXT COLLATE "C"'

/** Fails a statement, and with it everything that it writes. */
const fence = `CREATE FUNCTION ${prefix}fence(lost BIGINT) RETURNS integer LANGUAGE plpgsql AS $body$ BEGIN
    IF lost > 0 THEN RAISE EXCEPTION 'another process has taken the run' USING ERRCODE = '${fencedState}'; END IF;
    RETURN 0;
  END $body$`

/**
 * Tables of run stores, for `Migrations.run`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const schema: DatabaseSchema = { ...RunsSchema.schema, migrations: [], postgres: [baseline()] }

/** The table that lists the migrations of a database. */
export const migrationsTable = tableOf(schema)

// internal

function table(name: string, columns: ReadonlyArray<string>, primary: string): string {
  return `CREATE TABLE ${prefix}${name} (
    deployment INTEGER NOT NULL,
    ${columns.join(",\n    ")},
    PRIMARY KEY (deployment, ${primary})
  )`
}

function index(table: string, name: string, columns: string, where = ""): string {
  return `CREATE INDEX ${prefix}${table}_${name} ON ${prefix}${table} (deployment, ${columns})${where}`
}

function baseline(): ReadonlyArray<string> {
  return [
    `CREATE TABLE ${deployments} (
      deployment INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      id ${key} NOT NULL UNIQUE
    )`,
    `CREATE SEQUENCE ${prefix}run_owners`,
    ...runs(),
    ...partsOfRuns(),
    ...processes(),
    ...sessions(),
    ...schedules(),
    ...webhooks(),
    ...totals(),
    fence
  ]
}

function runs(): ReadonlyArray<string> {
  const status = "status TEXT NOT NULL"
  return [
    table(
      "runs",
      [
        `id ${key} NOT NULL`,
        "idx BIGINT NOT NULL",
        "generation BIGINT NOT NULL",
        `session ${key}`,
        "name TEXT NOT NULL",
        `${status} CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'interrupted'))`,
        "cause TEXT",
        "parameters TEXT",
        "outputs TEXT",
        "error TEXT",
        "response TEXT",
        "started_at BIGINT NOT NULL",
        "finished_at BIGINT",
        "execution_millis DOUBLE PRECISION"
      ],
      "id"
    ),
    index("runs", "by_status", "status, id"),
    // The runs in progress are few: every process asks for them several times a second.
    index("runs", "in_progress", "generation, id", " WHERE status IN ('queued', 'running')"),
    index("runs", "by_session", "session, id", " WHERE session IS NOT NULL"),
    table(
      "step_runs",
      [
        `run_id ${key} NOT NULL`,
        "number INTEGER NOT NULL",
        "name TEXT NOT NULL",
        `${status} CHECK (status IN ('running', 'succeeded', 'failed', 'interrupted'))`,
        "attempts INTEGER NOT NULL",
        "outputs TEXT",
        "error TEXT",
        "started_at BIGINT NOT NULL",
        "finished_at BIGINT",
        "execution_millis DOUBLE PRECISION",
        "started_sequence INTEGER",
        "finished_sequence INTEGER"
      ],
      "run_id, number"
    )
  ]
}

function partsOfRuns(): ReadonlyArray<string> {
  const run = `run_id ${key} NOT NULL`
  const step = `step ${key} NOT NULL`
  return [
    table(
      "run_events",
      [run, "sequence INTEGER NOT NULL", "at BIGINT NOT NULL", "data TEXT", "kind TEXT"],
      "run_id, sequence"
    ),
    table(
      "run_logs",
      [run, "sequence INTEGER NOT NULL", "at BIGINT NOT NULL", "level TEXT NOT NULL", "data TEXT NOT NULL"],
      "run_id, sequence"
    ),
    table("run_artifacts", [run, step, `digest ${key} NOT NULL`, "bytes BIGINT NOT NULL"], "run_id, step"),
    index("run_artifacts", "by_digest", "digest"),
    table("unsettled_artifacts", [`digest ${key} NOT NULL`, "at BIGINT NOT NULL"], "digest"),
    index("unsettled_artifacts", "by_time", "at"),
    table(
      "step_cache",
      [`cache_key ${key} NOT NULL`, run, step, "output TEXT NOT NULL", "expires_at BIGINT"],
      "cache_key"
    ),
    index("step_cache", "by_run", "run_id"),
    table("step_hits", [run, step, `from_run ${key} NOT NULL`, "from_step TEXT NOT NULL"], "run_id, step"),
    table("step_inputs", [run, step, "input_digest TEXT NOT NULL"], "run_id, step"),
    table("cancellations", [run], "run_id"),
    table(
      "claims",
      [
        `key ${key} NOT NULL`,
        "digest TEXT NOT NULL",
        run,
        "at BIGINT NOT NULL",
        "status INTEGER",
        "body TEXT",
        "headers TEXT"
      ],
      "key"
    ),
    index("claims", "by_time", "at")
  ]
}

/** The processes of a deployment, and the runs that another one may go on with. */
function processes(): ReadonlyArray<string> {
  const run = `run_id ${key} NOT NULL`
  return [
    table("seen", ["generation BIGINT NOT NULL", "at BIGINT NOT NULL", "since BIGINT NOT NULL"], "generation"),
    table("leases", [run, "token BIGINT NOT NULL", "recoveries INTEGER NOT NULL", "request TEXT NOT NULL"], "run_id"),
    table(
      "journal",
      [
        run,
        "ordinal INTEGER NOT NULL",
        "parent INTEGER NOT NULL",
        "kind TEXT NOT NULL",
        "name TEXT NOT NULL",
        "number INTEGER NOT NULL",
        "sequential INTEGER NOT NULL",
        "digest TEXT NOT NULL",
        "result TEXT",
        "failures INTEGER NOT NULL",
        "position INTEGER",
        "value TEXT"
      ],
      "run_id, ordinal"
    ),
    // The transaction of a signal says whether an earlier look can have seen it.
    table(
      "signals",
      [
        "sequence BIGINT GENERATED ALWAYS AS IDENTITY",
        run,
        `name ${key} NOT NULL`,
        "at BIGINT NOT NULL",
        "data TEXT NOT NULL",
        "transaction BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint"
      ],
      "sequence"
    ),
    index("signals", "by_run", "run_id, name, sequence"),
    index("signals", "by_transaction", "transaction")
  ]
}

function sessions(): ReadonlyArray<string> {
  return [
    table(
      "session_states",
      [
        `session_id ${key} NOT NULL`,
        `name ${key} NOT NULL`,
        "version BIGINT NOT NULL",
        "value TEXT NOT NULL",
        "created_at BIGINT NOT NULL",
        "updated_at BIGINT NOT NULL",
        "expires_at BIGINT"
      ],
      "session_id, name"
    ),
    index("session_states", "by_end", "expires_at", " WHERE expires_at IS NOT NULL"),
    `CREATE TABLE ${prefix}session_versions (deployment INTEGER NOT NULL PRIMARY KEY, last BIGINT NOT NULL)`
  ]
}

function schedules(): ReadonlyArray<string> {
  return [
    table(
      "schedules",
      [`name ${key} NOT NULL`, "cron TEXT NOT NULL", "is_paused INTEGER NOT NULL", "next_at BIGINT NOT NULL"],
      "name"
    ),
    table(
      "schedule_firings",
      [
        `name ${key} NOT NULL`,
        "due_at BIGINT NOT NULL",
        "state TEXT NOT NULL CHECK (state IN ('claimed', 'started', 'skipped'))",
        `run_id ${key}`,
        "claimed_at BIGINT NOT NULL"
      ],
      "name, due_at"
    )
  ]
}

function webhooks(): ReadonlyArray<string> {
  return [
    table(
      "webhook_deliveries",
      [
        `id ${key} NOT NULL`,
        `run_id ${key} NOT NULL`,
        "webhook TEXT NOT NULL",
        "url TEXT",
        "state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed'))",
        "attempts INTEGER NOT NULL",
        "token BIGINT NOT NULL",
        "due_at BIGINT NOT NULL",
        "status INTEGER",
        "reason TEXT",
        "attempted_at BIGINT"
      ],
      "id"
    ),
    index("webhook_deliveries", "by_webhook", "webhook, due_at, url", " WHERE state = 'pending'"),
    index("webhook_deliveries", "by_run", "run_id")
  ]
}

/**
 * Runs by status. Each generation has totals of its own, so that processes which commit at the same time do not wait for
 * each other. Triggers keep them for every writer, once for each statement.
 */
function totals(): ReadonlyArray<string> {
  const add = (rows: string) => `INSERT INTO ${prefix}totals AS totals (deployment, generation, name, value)
      ${rows}
      ON CONFLICT (deployment, generation, name) DO UPDATE SET value =
        CASE totals.name WHEN 'lastIndex' THEN greatest(totals.value, excluded.value)
        ELSE totals.value + excluded.value END`
  return [
    table("totals", ["generation BIGINT NOT NULL", "name TEXT NOT NULL", "value BIGINT NOT NULL"], "generation, name"),
    `CREATE FUNCTION ${prefix}runs_added() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
      ${add(`SELECT deployment, generation, status, count(*) FROM added GROUP BY 1, 2, 3
        UNION ALL SELECT deployment, generation, 'lastIndex', max(idx) FROM added GROUP BY 1, 2 ORDER BY 1, 2, 3`)};
      RETURN NULL;
    END $body$`,
    `CREATE FUNCTION ${prefix}runs_moved() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
      ${add(`SELECT deployment, generation, status, sum(one) FROM (
          SELECT deployment, new_rows.generation, new_rows.status, 1 AS one
          FROM new_rows JOIN old_rows USING (deployment, id) WHERE new_rows.status <> old_rows.status
          UNION ALL SELECT deployment, new_rows.generation, old_rows.status, -1
          FROM new_rows JOIN old_rows USING (deployment, id) WHERE new_rows.status <> old_rows.status
        ) AS moves GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`)};
      RETURN NULL;
    END $body$`,
    `CREATE TRIGGER runs_added AFTER INSERT ON ${prefix}runs
      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ${prefix}runs_added()`,
    `CREATE TRIGGER runs_moved AFTER UPDATE ON ${prefix}runs
      REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ${prefix}runs_moved()`
  ]
}
