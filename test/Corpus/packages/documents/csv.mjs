import { parse } from "csv-parse/sync"
import { stringify } from "csv-stringify/sync"
import Papa from "papaparse"

export const answer = () => [parse("a,b\n1,2", { columns: true }), stringify([["x,y", 1]]), Papa.parse("a;b\n1;2").data]
