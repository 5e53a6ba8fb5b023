import Database from "better-sqlite3"

export const answer = () => new Database(":memory:").prepare("select 41 + 1 as answer").get()
