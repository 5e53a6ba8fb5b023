import _ from "lodash"
import { chunk } from "lodash-es"
import * as R from "ramda"

export const answer = () => [
  _.template("hi <%= a %>")({ a: 1 }),
  _.groupBy(["a", "bb"], "length"),
  chunk([1, 2, 3], 2),
  R.pipe(R.map(R.inc), R.sum)([1, 2])
]
