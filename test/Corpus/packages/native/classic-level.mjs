import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ClassicLevel } from "classic-level"

export const answer = async () => {
  const db = new ClassicLevel(mkdtempSync(join(tmpdir(), "level-")), { valueEncoding: "json" })
  await db.put("key", { value: 1 })
  const value = await db.get("key")
  await db.close()
  return value
}
