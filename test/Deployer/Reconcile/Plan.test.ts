import { assert, describe, it } from "@effect/vitest"
import { DateTime, FastCheck as fc, Schema } from "effect"
import { type Action, isMutating } from "../../../src/Deployer/Reconcile/Action.js"
import * as CrashLoop from "../../../src/Deployer/Reconcile/CrashLoop.js"
import type { DeploymentFacts, Facts } from "../../../src/Deployer/Reconcile/Facts.js"
import { decide } from "../../../src/Deployer/Reconcile/Plan.js"
import { DeploymentId, DeploymentName, OperationalState } from "../../../src/Deployment.js"
import type { Found } from "../../../src/Flavor/Instance.js"
import * as Settings from "../../../src/Settings.js"

const now = 10_000_000
const registryId = "this-registry"
const idOf = (number: number) => DeploymentId.make(`00000000-0000-7000-8000-${String(number).padStart(12, "0")}`)
const recovery = Schema.decodeSync(Settings.Recovery)({})
const state = (status: OperationalState["status"], reason?: string, metadata = {}) =>
  new OperationalState({ status, metadata, ...(reason === undefined ? {} : { reason }) })

const deployment = (changes: Partial<DeploymentFacts> = {}): DeploymentFacts => ({
  id: idOf(1),
  name: DeploymentName.make("weather"),
  generation: 2,
  highest: 3,
  desired: "running",
  status: "running",
  statusSince: now - 1_000,
  reason: undefined,
  gaveUp: false,
  uncertain: false,
  engineId: undefined,
  operation: undefined,
  busy: false,
  seen: state("running"),
  candidate: undefined,
  restores: [],
  recovery,
  restart: "always",
  ...changes
})

const thing = (changes: Partial<Found> = {}): Found => ({
  deploymentId: idOf(1),
  generation: 2,
  registryId,
  atHome: true,
  resource: "container x",
  madeAt: undefined,
  record: undefined,
  ...changes
})

const facts = (changes: Partial<Omit<Facts, "inventory">> & { readonly found?: ReadonlyArray<Found> } = {}): Facts => {
  const { found = [thing()], ...others } = changes
  return {
    now,
    registryId,
    deployer: { flavor: "memory", name: "default" },
    deployments: [deployment()],
    others: new Set(),
    tombstones: [],
    inventory: { engineId: undefined, found },
    orphanGraceMillis: 60_000,
    ...others
  }
}

const tags = (of: Facts) => decide(of).actions.map(({ _tag }) => _tag)
const one = (changes: Partial<DeploymentFacts>) => decide(facts({ deployments: [deployment(changes)] })).actions
const tombstone = (number: number, generation = 5) => ({
  deploymentId: idOf(number),
  name: DeploymentName.make("gone"),
  deployer: { flavor: "memory", name: "default" },
  generation,
  deletedAt: DateTime.unsafeMake(now)
})

describe("what is decided about one deployment", () => {
  it("nothing, when it serves as it should", () => assert.deepStrictEqual(one({}), []))

  it("to finish or undo what died, and nothing else before that", () => {
    const operation = { kind: "provision", generation: 3 } as const
    assert.deepInclude(one({ operation, seen: state("absent") }), {
      _tag: "CloseOperation",
      id: idOf(1),
      name: DeploymentName.make("weather"),
      ...operation,
      committed: false
    })
    assert.lengthOf(one({ operation, seen: state("absent") }), 1)
    assert.deepInclude(one({ operation: { ...operation, generation: 2 } })[0], { committed: true })
  })

  it("to leave a deployment alone that a living process changes, however broken it looks", () => {
    assert.deepStrictEqual(one({ busy: true, seen: state("absent") }), [])
    const [action] = one({ busy: true, operation: { kind: "provision", generation: 3 } })
    assert.strictEqual(action?._tag, "Leave")
  })

  it("to remove an instance that is not the accepted one, once", () => {
    const strays = [thing({ generation: 1 }), thing({ generation: 1, resource: "network" }), thing({ generation: 3 })]
    const { actions } = decide(facts({ found: [thing(), ...strays] }))
    assert.deepStrictEqual(
      actions.map((action) => (action._tag === "RemoveStray" ? action.generation : action._tag)),
      [1, 3]
    )
  })

  it("to remove what runs of a deployment that was taken down", () => {
    const actions = one({ desired: "stopped", status: "absent", seen: state("running") })
    assert.deepStrictEqual(
      actions.map(({ _tag }) => _tag),
      ["RemoveStray"]
    )
    assert.deepStrictEqual(one({ desired: "stopped", status: "absent", seen: state("absent") }), [])
  })

  it("nothing but a note when it cannot be observed, and that once", () => {
    assert.deepStrictEqual(
      one({ seen: "unobservable" }).map(({ _tag }) => _tag),
      ["Record"]
    )
    assert.deepStrictEqual(one({ seen: "unobservable", uncertain: true }), [])
  })
})

describe("starting again", () => {
  const crashed = { status: "error", seen: state("error", "it ended"), reason: "it ended" } as const

  it("happens at once the first time, and says why", () => {
    assert.deepStrictEqual(one(crashed), [
      {
        _tag: "Restore",
        id: idOf(1),
        name: DeploymentName.make("weather"),
        generation: 2,
        attempt: 1,
        reason: "it ended"
      }
    ])
    assert.deepStrictEqual(
      one({ ...crashed, seen: state("absent") }).map(({ _tag }) => _tag),
      ["Restore"]
    )
  })

  it("waits twice as long each time, up to a minute", () => {
    const wait = (times: number) => {
      const [action] = one({
        ...crashed,
        restores: Array.from({ length: times }, () => now - 10),
        recovery: { ...recovery, maxRestarts: 100 }
      })
      return action?._tag === "Wait" ? action.until - (now - 10) : action?._tag
    }
    assert.deepStrictEqual([1, 2, 3, 6, 7, 20].map(wait), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
  })

  it("marks a crash loop once, and then starts it again at the longest wait", () => {
    const restores = [1, 2, 3, 4, 5].map((minute) => now - minute * 60_000).reverse()
    const [action] = one({ ...crashed, restores })
    assert.strictEqual(action?._tag, "GiveUp")
    const gaveUp = { ...crashed, gaveUp: true, restores }
    assert.deepStrictEqual(
      one({ ...gaveUp, restores: [...restores.slice(1), now - 10] }).map((each) => each._tag === "Wait" && each.until),
      [now - 10 + 60_000]
    )
    assert.strictEqual(one(gaveUp)[0]?._tag, "Restore")
  })

  it("recognises a crash loop by its mark, and by the reason in rows of version 0.1.0", () => {
    const row = { status: "error", metadata: { port: 1 } } as const
    const released = "it does not stay up: it was started again 5 times within 10 minutes; it ended"
    assert.isTrue(CrashLoop.isMarked({ ...row, metadata: CrashLoop.mark(row.metadata), reason: "any words" }))
    assert.isTrue(CrashLoop.isMarked({ ...row, reason: released }))
    assert.isFalse(CrashLoop.isMarked({ ...row, reason: "it ended" }))
    assert.isFalse(CrashLoop.isMarked({ ...row, status: "running", metadata: CrashLoop.mark({}), reason: released }))
    assert.deepStrictEqual(CrashLoop.clear(CrashLoop.mark(row.metadata)), row.metadata)
  })

  it("does not happen when it is switched off", () => {
    assert.deepStrictEqual(one({ ...crashed, restart: "never" }), [])
  })

  it("happens on failure after every end but one with exit code 0", () => {
    const restart = "on-failure"
    const ended = (exitCode?: number) => state("error", "it ended", exitCode === undefined ? {} : { exitCode })
    assert.deepStrictEqual(one({ restart, status: "error", reason: "it ended", seen: ended(0) }), [])
    for (const seen of [ended(1), ended(143), ended(), state("absent")]) {
      assert.strictEqual(one({ restart, seen }).at(-1)?._tag, "Restore")
    }
  })

  it("happens to what is unhealthy for long, not to what was paused", () => {
    const sick = { status: "pending", reason: "no answer", seen: state("pending", "no answer") } as const
    assert.deepStrictEqual(one({ ...sick, statusSince: now - 59_999 }), [])
    assert.strictEqual(one({ ...sick, statusSince: now - 60_000 })[0]?._tag, "Restore")
    const paused = { ...sick, seen: state("pending", "no answer", { paused: true }) }
    assert.deepStrictEqual(one({ ...paused, statusSince: now - 600_000 }), [])
  })
})

describe("what no deployment accounts for", () => {
  it("goes when a tombstone says so and it is not young", () => {
    const found = [thing(), thing({ deploymentId: idOf(9), generation: 4, madeAt: now - 60_000 })]
    assert.deepStrictEqual(tags(facts({ found, tombstones: [tombstone(9)] })), ["RemoveOrphan"])
    const young = [thing(), thing({ deploymentId: idOf(9), generation: 4, madeAt: now - 59_000 })]
    assert.deepStrictEqual(tags(facts({ found: young, tombstones: [tombstone(9)] })), ["Wait"])
  })

  it("is evidence of a registry that lost its memory, and then nothing is touched", () => {
    const cases: ReadonlyArray<readonly [Partial<Found>, RegExp]> = [
      [{ deploymentId: idOf(9) }, /does not know/],
      [{ generation: 4 }, /the last one in this registry is 3/],
      [{ registryId: "another" }, /made for registry another/]
    ]
    for (const [changes, said] of cases) {
      const decision = decide(facts({ deployments: [deployment({ seen: state("absent") })], found: [thing(changes)] }))
      assert.match(decision.evidence[0] ?? "", said)
      assert.deepStrictEqual(decision.actions, [])
    }
    const older = decide(
      facts({ found: [thing({ deploymentId: idOf(9), generation: 6 })], tombstones: [tombstone(9)] })
    )
    assert.match(older.evidence[0] ?? "", /the last one in this registry is 5/)
  })

  it("is left alone when another registry made it elsewhere, or another deployer has it", () => {
    assert.deepStrictEqual(tags(facts({ found: [thing(), thing({ registryId: "another", atHome: false })] })), [])
    const others = new Set([String(idOf(9))])
    assert.deepStrictEqual(tags(facts({ others, found: [thing(), thing({ deploymentId: idOf(9) })] })), [])
    assert.deepStrictEqual(
      tags(facts({ found: [thing(), thing({ deploymentId: idOf(9), registryId: undefined })] })),
      []
    )
  })

  it("means nothing when another engine is asked", () => {
    const decision = decide({
      ...facts({ deployments: [deployment({ engineId: "mine", seen: "unobservable" })] }),
      inventory: { engineId: "theirs", found: [] }
    })
    assert.match(decision.evidence[0] ?? "", /runs in engine mine, and this is engine theirs/)
  })
})

const generation = fc.integer({ min: 0, max: 4 })
const anyState = fc.oneof(
  fc.constant("unobservable" as const),
  fc
    .record({
      status: fc.constantFrom("running", "pending", "error", "absent", "unknown"),
      reason: fc.option(fc.string())
    })
    .map(({ reason, status }) => state(status as OperationalState["status"], reason ?? undefined))
)
const anyDeployment = (number: number): fc.Arbitrary<DeploymentFacts> =>
  fc
    .record({
      generation,
      extra: generation,
      desired: fc.constantFrom("running" as const, "stopped" as const),
      status: fc.constantFrom("running" as const, "pending" as const, "error" as const, "absent" as const),
      statusSince: fc.integer({ min: now - 100_000, max: now }),
      operation: fc.option(
        fc.record({
          kind: fc.constantFrom("provision" as const, "deprovision" as const, "delete" as const, "restore" as const),
          generation
        }),
        { nil: undefined }
      ),
      busy: fc.boolean(),
      uncertain: fc.boolean(),
      seen: anyState,
      restores: fc
        .array(fc.integer({ min: now - 700_000, max: now }), { maxLength: 7 })
        .map((at) => at.sort((a, b) => a - b))
    })
    .map(({ extra, ...drawn }) => deployment({ ...drawn, id: idOf(number), highest: drawn.generation + extra }))
const anyThing = fc
  .record({
    number: fc.integer({ min: 1, max: 4 }),
    generation,
    registryId: fc.constantFrom(registryId, registryId, registryId, "another", undefined),
    atHome: fc.boolean(),
    madeAt: fc.option(fc.integer({ min: now - 120_000, max: now }), { nil: undefined })
  })
  .map(({ number, ...drawn }) => thing({ ...drawn, deploymentId: idOf(number) }))
const anyFacts: fc.Arbitrary<Facts> = fc
  .record({
    first: anyDeployment(1),
    second: anyDeployment(2),
    found: fc.array(anyThing, { maxLength: 5 }),
    buried: fc.boolean()
  })
  .map(({ buried, first, found, second }) =>
    facts({ deployments: [first, second], found, tombstones: buried ? [tombstone(3)] : [] })
  )

const removed = (action: Action): ReadonlyArray<string> => {
  if (action._tag === "RemoveOrphan") return [action.id]
  return action._tag === "RemoveStray" ? [`${action.id}/${action.generation}`] : []
}

describe("for all facts", () => {
  const always = (law: (of: Facts, actions: ReadonlyArray<Action>, evidence: ReadonlyArray<string>) => void) =>
    fc.assert(
      fc.property(anyFacts, (of) => {
        const { actions, evidence } = decide(of)
        law(of, actions, evidence)
      }),
      { numRuns: 2_000 }
    )

  it("the same facts give the same decision", () =>
    always((of, actions) => assert.deepStrictEqual(decide(of).actions, actions)))

  it("evidence of a mismatch excludes every action", () =>
    always((_, actions, evidence) => assert.isTrue(evidence.length === 0 || actions.length === 0)))

  it("the accepted instance of a deployment that shall run is never removed", () =>
    always((of, actions) => {
      const serving = of.deployments
        .filter(({ desired, generation }) => desired === "running" && generation > 0)
        .map(({ generation, id }) => `${id}/${generation}`)
      assert.isFalse(actions.flatMap(removed).some((one) => serving.includes(one)))
    }))

  it("nothing is done to a deployment that a living process is changing", () =>
    always((of, actions) => {
      const busy = new Set(of.deployments.filter(({ busy }) => busy).map(({ id }) => id))
      assert.isFalse(actions.some((action) => isMutating(action) && busy.has(action.id)))
    }))

  it("only what carries the mark of this registry, or lies in a folder it knows, is removed", () =>
    always((of, actions) => {
      const things = of.inventory === "unobservable" ? [] : of.inventory.found
      for (const action of actions) {
        if (action._tag !== "RemoveStray" || action.resource === "its instance") continue
        const marked = things.filter(
          ({ deploymentId, generation }) => deploymentId === action.id && generation === action.generation
        )
        assert.isTrue(marked.some((one) => one.registryId === undefined || one.registryId === registryId))
      }
    }))

  it("at most one thing is done that changes a deployment's accepted instance", () =>
    always((of, actions) => {
      for (const { id } of of.deployments) {
        const changing = actions.filter(
          (action) => action.id === id && /CloseOperation|Restore|GiveUp|Wait/.test(action._tag)
        )
        assert.isAtMost(changing.length, 1)
      }
    }))

  it("what cannot be observed is neither restored nor removed", () =>
    always((of, actions) => {
      const hidden = new Set(of.deployments.filter(({ seen }) => seen === "unobservable").map(({ id }) => id))
      const bad = actions.filter(
        (action) =>
          hidden.has(action.id) &&
          (action._tag === "Restore" || (action._tag === "RemoveStray" && action.resource === "its instance"))
      )
      assert.deepStrictEqual(bad, [])
    }))
})
