import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { LinkedList, type Place } from "../../src/Internal/LinkedList.js"

describe("a linked list", () => {
  it("has its values in the order of their arrival", () => {
    const list = new LinkedList<string>()
    assert.isUndefined(list.first)
    assert.isUndefined(list.shift())
    const [one, two] = [list.add("one"), list.add("two")]
    list.add("three")
    assert.isTrue(list.remove(two))
    assert.isFalse(list.remove(two))
    assert.deepStrictEqual([one.isTaken, two.isTaken], [true, false])
    assert.deepStrictEqual(
      list.places().map(({ value }) => value),
      ["one", "three"]
    )
    assert.deepStrictEqual([list.first, list.shift(), list.shift(), list.size], ["one", "one", "three", 0])
    assert.isFalse(list.remove(one))
  })

  it("has the same values as a set after any changes", () => {
    const steps = FastCheck.array(
      FastCheck.oneof(FastCheck.constant("add"), FastCheck.constant("shift"), FastCheck.nat(50))
    )
    FastCheck.assert(
      FastCheck.property(steps, (steps) => {
        const list = new LinkedList<number>()
        const places: Array<Place<number>> = []
        const expected = new Set<number>()
        for (const step of steps) {
          if (step === "add") {
            expected.add(places.length)
            places.push(list.add(places.length))
          } else if (step === "shift") {
            const [oldest] = expected
            assert.strictEqual(list.shift(), oldest)
            if (oldest !== undefined) expected.delete(oldest)
          } else if (typeof step === "number") {
            const place = places[step]
            if (place !== undefined) assert.strictEqual(list.remove(place), expected.delete(place.value))
          }
          assert.strictEqual(list.size, expected.size)
        }
        assert.deepStrictEqual(
          list.places().map(({ value }) => value),
          [...expected]
        )
      })
    )
  })
})
