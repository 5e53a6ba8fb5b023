import { createClient } from "@libsql/client"
import { sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/libsql"

export const answer = async () =>
  (await drizzle(createClient({ url: ":memory:" })).run(sql`select 41 + 1 as answer`)).rows
