/**
 * The rules that all container flavors share: the packages of an image, the equality of two images of a snapshot, and the
 * search for an existing image. Ported from ZenML's containerized deployer
 * (`CONTAINER_REQUIREMENTS`, `requirements`, `get_docker_builds`, `get_image`), with two differences: the serving runtime
 * travels inside the bundle, and a settings checksum decides whether an image fits.
 */
export * from "./Containerized/BuildConfiguration.js"
export * from "./Containerized/ImageFor.js"
export * from "./Containerized/ImageReference.js"
export * from "./Containerized/ImageSettings.js"
export * from "./Containerized/Layout.js"
export * from "./Containerized/Requirements.js"
