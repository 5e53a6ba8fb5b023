import { from, lastValueFrom } from "rxjs"
import { map, reduce } from "rxjs/operators"

export const answer = () =>
  lastValueFrom(
    from([1, 2, 3]).pipe(
      map((n) => n * 2),
      reduce((a, b) => a + b)
    )
  )
