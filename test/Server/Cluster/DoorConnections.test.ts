import { Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as DoorConnections from "../../../src/Server/Cluster/DoorConnections.js"

/** A worker that remembers the connections that it got. */
const worker = (isThere = true) => {
  const got: Array<Socket> = []
  const give = (connection: Socket) => {
    if (isThere) got.push(connection)
    return isThere
  }
  return { got, give }
}

describe("the connections of a door", () => {
  it("go in turn to workers that have taken all they got before", () => {
    const connections = DoorConnections.make()
    const [first, second] = [worker(), worker()]
    const [a, b, c, d] = [new Socket(), new Socket(), new Socket(), new Socket()]
    connections.offer(a)
    connections.add(first)
    connections.add(second)
    for (const connection of [b, c, d]) connections.offer(connection)
    assert.deepStrictEqual([first.got, second.got], [[a], [b]])
    connections.taken(second)
    assert.deepStrictEqual([first.got, second.got], [[a], [b, c]])
    connections.taken(second)
    assert.deepStrictEqual([first.got, second.got], [[a], [b, c, d]])
  })

  it("all go to workers when the door leads to another version, also to workers that compute", () => {
    const connections = DoorConnections.make()
    const [first, second] = [worker(), worker()]
    connections.add(first)
    connections.add(second)
    const sockets = Array.from({ length: 7 }, () => new Socket())
    for (const connection of sockets) connections.offer(connection)
    assert.deepStrictEqual([first.got.length, second.got.length], [1, 1])
    connections.handOver()
    assert.sameMembers([...first.got, ...second.got], sockets)
    assert.isAtLeast(Math.min(first.got.length, second.got.length), 3)
  })

  it("go to another worker if one cannot be reached, and wait while there is none", () => {
    const connections = DoorConnections.make()
    const [gone, left] = [worker(false), worker()]
    connections.add(gone)
    connections.handOver()
    const [a, b] = [new Socket(), new Socket()]
    connections.offer(a)
    connections.handOver()
    connections.add(left)
    assert.deepStrictEqual(left.got, [a])
    connections.remove(left)
    connections.taken(left)
    connections.offer(b)
    assert.deepStrictEqual(left.got, [a])
  })

  it("are forgotten when their caller goes before a worker is free", async () => {
    const connections = DoorConnections.make()
    const connection = new Socket()
    connections.offer(connection)
    await new Promise((resolve) => connection.once("close", resolve).destroy())
    const late = worker()
    connections.add(late)
    assert.deepStrictEqual(late.got, [])
  })
})
