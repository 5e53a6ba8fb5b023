import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import ts from "typescript"

export const answer = () => {
  const file = join(mkdtempSync(join(tmpdir(), "ts-")), "a.ts")
  writeFileSync(file, "const a: Promise<string> = [1].map(String)")
  const program = ts.createProgram([file], { noEmit: true, types: [], lib: ["lib.es2022.d.ts"] })
  return ts.getPreEmitDiagnostics(program).map(({ code }) => code)
}
