import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { open } from "lmdb"

export const answer = async () => {
  const store = open({ path: join(mkdtempSync(join(tmpdir(), "lmdb-")), "store") })
  await store.put("key", { nested: [1, 2] })
  const value = store.get("key")
  await store.close()
  return value
}
