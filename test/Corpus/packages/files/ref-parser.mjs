import { fileURLToPath } from "node:url"
import { $RefParser } from "@apidevtools/json-schema-ref-parser"

export const answer = () => $RefParser.dereference(fileURLToPath(new URL("./schemas/api.yaml", import.meta.url)))
