import knex from "knex"

export const answer = async () => {
  const db = knex({ client: "better-sqlite3", connection: { filename: ":memory:" }, useNullAsDefault: true })
  await db.schema.createTable("users", (table) => table.string("name"))
  await db("users").insert({ name: "Ada" })
  const found = await db("users")
  await db.destroy()
  return found
}
