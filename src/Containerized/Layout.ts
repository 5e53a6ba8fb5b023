/**
 * How an image is laid out inside, so that whoever runs it knows what to say.
 *
 * @since 0.1.0
 */

/**
 * The folder of the program; also the working directory.
 *
 * @category constants
 * @since 0.1.0
 */
export const appDirectory = "/app"

/**
 * The bundle inside an image.
 *
 * @category constants
 * @since 0.1.0
 */
export const programFile: string = `${appDirectory}/main.mjs`

/**
 * What runs the bundle, with V8's code cache if there is one beside the manifest.
 *
 * @category constants
 * @since 0.1.0
 */
export const startFile: string = `${appDirectory}/start.mjs`

/**
 * Who a served process is in a container unless told otherwise: neither root nor an account the machine has.
 *
 * @category constants
 * @since 0.1.0
 */
export const user = { uid: 10001, gid: 10001, name: "app" } as const

/**
 * The user as an image or a container names it: by numbers, so that "not root" can be verified without its files.
 *
 * @category constants
 * @since 0.1.0
 */
export const numericUser: string = `${user.uid}:${user.gid}`

/**
 * The entry point: exec form, so that signals reach Node without a shell between. The path of the manifest inside the
 * container is the command that follows it.
 *
 * @param node the image's Node
 *
 * @category accessors
 * @since 0.1.0
 */
export const entrypoint = (node: string): readonly [string, ...Array<string>] => [node, startFile, "serve"]

/**
 * A health check as images and engines write it, in exec form (`CMD` first) since an image need not have a shell.
 * Images carry none: port and path are a deployment's, and each check starts a Node, which is for the engine's view only
 * (deployers ask over HTTP).
 *
 * @param options the image's Node, the port inside the container and the path that answers 200 when all is well
 *
 * @category accessors
 * @since 0.1.0
 */
export const healthCheck = (options: {
  readonly node: string
  readonly port: number
  readonly path: string
}): ReadonlyArray<string> => [
  "CMD",
  options.node,
  "-e",
  'require("node:http").get({host:"127.0.0.1",port:+process.argv[1],path:process.argv[2],timeout:4000},' +
    "r=>process.exit(r.statusCode===200?0:1)).on('error',()=>process.exit(1)).on('timeout',()=>process.exit(1))",
  String(options.port),
  options.path
]
