/** The rights of the user of the kubeconfig. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { KubernetesClient, Right } from "../KubernetesClient.js"
import type { Query } from "./Make.js"
import { groupOf } from "./Resources.js"

/** Asks the API for each right, a few at once. */
export const missingRights =
  (query: Query): (typeof KubernetesClient.Service)["missingRights"] =>
  (namespace, rights) =>
    Effect.filter(rights, (right) => Effect.map(isAllowed(query, namespace, right), (allowed) => !allowed), {
      concurrency: 8
    })

// internal

const Review = Schema.Struct({ status: Schema.Struct({ allowed: Schema.Boolean }) })

const isAllowed = (query: Query, namespace: string, { subresource, type, verb }: Right) =>
  Effect.map(
    query(Review, {
      operation: "name the rights of its user",
      resource: "rights of the user",
      method: "POST",
      isQuery: true,
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: {
          resourceAttributes: { namespace, verb, group: groupOf(type), resource: type.plural, subresource }
        }
      }
    }),
    ({ status }) => status.allowed
  )
