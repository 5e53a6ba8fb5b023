import { assert, describe, it } from "@effect/vitest"
import { isLoopback, isLoopbackAuthority } from "../../src/Internal/Loopback.js"

const addresses = ["127.0.0.1", "127.1.2.3", "127.1", "localhost", "LOCALHOST", "service.localhost"]
const ipv6 = ["::1", "0:0:0:0:0:0:0:1", "0000::0001", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"]
const foreign = [
  "0.0.0.0",
  "10.0.0.7",
  "::",
  "::2",
  "fe80::1",
  "128.0.0.1",
  "127.evil.example",
  "localhost.example",
  ""
]

describe("Loopback", () => {
  it.each([...addresses, ...ipv6])("%s is loopback", (host) => assert.isTrue(isLoopback(host)))

  it.each(foreign)("%j is not loopback", (host) => {
    assert.isFalse(isLoopback(host))
    assert.isFalse(isLoopbackAuthority(host))
  })

  it.each([...addresses, ...ipv6.map((address) => `[${address}]`)])("%s is loopback in a Host header", (host) => {
    assert.isTrue(isLoopbackAuthority(host))
    assert.isTrue(isLoopbackAuthority(`${host}:8080`))
    assert.isFalse(isLoopbackAuthority(`${host}:port`))
  })
})
