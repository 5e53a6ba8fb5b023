/** The layout of an image, for the flavors that run it. */

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
 * The program that runs the bundle, with V8's code cache if there is one beside the manifest.
 *
 * @category constants
 * @since 0.1.0
 */
export const startFile: string = `${appDirectory}/start.mjs`

/**
 * The default user of a served process in a container: neither root nor an account of the machine.
 *
 * @category constants
 * @since 0.1.0
 */
export const user = { uid: 10001, gid: 10001, name: "app" } as const

/**
 * The user by numbers, so that "not root" can be verified without the files of the image.
 *
 * @category constants
 * @since 0.1.0
 */
export const numericUser: string = `${user.uid}:${user.gid}`

/**
 * The entry point in exec form, so that signals reach Node without a shell in between. Its argument is the path of the
 * manifest inside the container.
 *
 * @param node the image's Node
 * @param options options of Node before the program
 *
 * @category accessors
 * @since 0.1.0
 */
export const entrypoint = (node: string, options: ReadonlyArray<string> = []): readonly [string, ...Array<string>] => [
  node,
  ...options,
  startFile,
  "serve"
]

/**
 * A health check in the form of engines: exec form (`CMD` first), because an image need not have a shell. Images have none:
 * port and path belong to a deployment, and each check starts a Node only for the engine's view (deployers use HTTP).
 *
 * @param options the image's Node, the port inside the container, and the path that answers 200 for a healthy service
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
