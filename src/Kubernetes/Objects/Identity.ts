/** The names and the labels of the objects that a deployer applies. */
import * as Labels from "../Labels.js"
import type { Described, Identity } from "./Context.js"
import { contentOf, digestOf } from "./Files.js"

/**
 * The objects of one generation have its number in their names and labels, so that two generations serve side by side.
 *
 * @param deployer its name
 */
export const identityOf = (request: Described & Pick<Labels.Owner, "registryId">, deployer: string): Identity => {
  const { instance, intake, secret, shared } = Labels.names(request)
  const annotations = Labels.annotationsOf(request, deployer)
  const recommended = Labels.recommended(request.name)
  const selectors = { all: Labels.ofDeployment(request), instance: Labels.ofInstance(request) }
  const ofInstance = { labels: { ...recommended, ...selectors.instance }, annotations }
  return {
    names: { shared, instance, intake, secret: secret(digestOf(contentOf(request))), manifest: undefined },
    shared: { labels: { ...recommended, ...selectors.all }, annotations },
    instance: ofInstance,
    pod: ofInstance,
    selectors
  }
}
