// The pages of `docs` in the order of the sidebar. A page without a place fails the build.

/** The groups by their titles, with the names of their pages. */
export const groups = {
  Tutorial: ["tutorial"],
  "Guides: pipelines": ["durable", "streaming", "files", "batching", "caching", "artifacts", "sessions", "sockets"],
  "Guides: starting runs": ["schedules", "triggers", "webhooks", "mcp"],
  "Guides: serving": ["application", "mount", "proxies", "page", "ui", "testing", "failed-runs", "ci"],
  "Guides: where it runs": ["docker", "swarm", "kubernetes", "canary", "postgres", "control"],
  "Guides: extending": ["flavor", "store", "embed-cli", "faults"],
  Concepts: [
    "features",
    "zenml",
    "guarantees",
    "reliability",
    "door",
    "bundle",
    "architecture",
    "dependencies",
    "vocabulary"
  ],
  Reference: ["cli", "settings", "http", "errors"]
}
